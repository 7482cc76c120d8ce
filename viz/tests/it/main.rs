//! The tests of the crate as a whole: any scene becomes a picture that can be read back.

mod picture;
mod samples;
mod any;
mod budget;
mod contrast;
mod features;
mod fleets;
mod grown;
#[cfg(feature = "cli")]
mod cli;
#[cfg(feature = "cli")]
mod follow;
#[cfg(all(unix, feature = "cli"))]
mod guest;
mod random;
#[cfg(feature = "dot")]
mod dot;
#[cfg(unix)]
mod page;
mod svg;
