//! inspect.

pub mod explain;
pub mod matrix;
pub mod translate;
pub mod try_out;
