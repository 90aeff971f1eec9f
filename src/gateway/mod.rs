//! The gateway: one exchange from the caller's dialect to the upstream's and back.
//!
//! [`plan`] proves the config's routes before anything runs; [`exchange`] runs by that plan. What no
//! operation matches is given back untouched.

pub mod assign;
pub mod callers;
pub mod check;
pub mod client_data;
pub mod complete;
pub mod content;
mod cors;
mod documents;
pub mod exchange;
mod former;
mod id_token;
mod identify;
mod issue;
pub mod learning;
pub mod limits;
pub mod live;
mod mapping;
pub mod matrix;
pub mod metrics;
pub mod outcome;
pub mod plan;
mod recognise;
pub mod resolve;
pub mod respond;
pub mod router;
mod serve;
pub mod settings;
pub mod side;
mod source;
pub mod trace;
mod travel;
pub mod trial;
mod word_or;
pub mod words;
pub mod work;
