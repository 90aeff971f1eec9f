//! Identity maps: who one side's user is at the other.
//!
//! A map is asked with the names of one side and answers with those of the other. It knows the user,
//! it does not, or it cannot say, and the last two are never taken for anybody: a name that one side
//! has for somebody else is nobody's.

mod build;
mod cache;
mod file;
mod http;
pub mod map;
pub mod names;
mod postgres;
mod query;
pub mod settings;
mod sqlite;
mod table;
mod unchanged;
