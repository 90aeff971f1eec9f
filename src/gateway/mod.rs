//! The gateway: one exchange from the caller's dialect to the upstream's and back.
//!
//! [`plan`] proves the config's routes before anything runs; [`exchange`] runs by that plan. What no
//! operation matches is given back untouched.

mod asked;
pub mod assign;
mod behind;
mod bridge;
pub mod callers;
pub mod check;
pub mod client_data;
pub mod complete;
pub mod content;
mod cors;
pub mod decoys;
mod documents;
pub mod exchange;
pub mod explain;
mod former;
pub mod hash_key;
mod id_token;
mod identify;
mod issue;
mod learned_name;
pub mod learning;
pub mod limits;
pub mod live;
mod mapping;
pub mod matrix;
pub mod metrics;
pub mod outcome;
pub mod plan;
pub mod policy;
mod recognise;
mod refuse;
pub mod resolve;
pub mod respond;
pub mod router;
mod serve;
pub mod settings;
pub mod side;
mod source;
pub mod trace;
pub mod translate;
mod travel;
pub mod trial;
mod word_or;
pub mod words;
pub mod work;
