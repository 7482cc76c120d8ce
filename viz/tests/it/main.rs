//! The tests of the crate as a whole: any scene becomes a picture that can be read back.

mod any;
mod budget;
#[cfg(feature = "cli")]
mod cli;
#[cfg(feature = "dot")]
mod dot;
mod features;
#[cfg(all(unix, feature = "cli"))]
mod guest;
#[cfg(unix)]
mod page;
mod picture;
mod random;
mod samples;
mod svg;
