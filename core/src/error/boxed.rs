//! Any error, and what a phase returns.

use std::error::Error;

/// Any error that may travel between threads: what a phase fails with.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// What a phase returns; `E` may be overridden.
pub type Result<T = (), E = BoxError> = std::result::Result<T, E>;
