//! Pictures of dojobber's plans and reports.
//!
//! Every job is an ellipse in the colour of its outcome, what it depends on stands below it, the goal at the top.
//! Nothing needs to be installed, nothing is random, and the same graph gives the same bytes on every machine.
//!
//! ```
//! use dojobber::Graph;
//! use dojobber_viz::Picture;
//!
//! let plan = Graph::new()
//!     .job("Food").after("Pizza").group()
//!     .job("Pizza").run_only(|_| ())
//!     .compile()?;
//! let picture = Picture::of(&plan); // what is to be done
//! assert!(picture.to_svg().contains("<title>Food-&gt;Pizza</title>"));
//!
//! let run = plan.run(());
//! let picture = Picture::of(&plan).with(&run); // and how it went
//! # let directory = std::env::temp_dir().join(format!("dojobber-viz-doc-{}", std::process::id()));
//! # std::fs::create_dir_all(&directory)?;
//! # let path = directory.join("food.svg");
//! picture.write(&path)?; // the format follows the extension
//! # std::fs::remove_dir_all(&directory)?;
//! # Ok::<(), dojobber::BoxError>(())
//! ```
//!
//! Below [`Picture`], a [`Scene`](scene::Scene) says what to draw, the [`layout`] finds a place for every job and a
//! smooth curve for every edge, and [`svg`] and [`dot`] write it down. They draw graphs that come from anywhere.

// in reading order: a module imports only from those before it
mod errors;
mod note;
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub mod layout;
mod text;
pub mod style;
pub mod scene;
pub mod view;
pub mod svg;
pub mod mermaid;
pub mod outline;
#[cfg(feature = "dot")]
pub mod dot;
#[cfg(feature = "dot")]
mod graphviz;
mod critical;
mod html;
#[cfg(feature = "png")]
mod png;
mod file;
mod format;
mod picture;
#[cfg(feature = "cli")]
pub mod cli;

pub use critical::CriticalPath;
pub use file::{WriteError, write_whole};
pub use format::{Format, UnknownFormat};
#[cfg(feature = "dot")]
pub use graphviz::GraphvizError;
pub use note::Note;
pub use picture::{Drawn, Picture, PictureError};
#[cfg(feature = "png")]
pub use png::PngError;
