//! Text for people: what may be printed, and how it fits on a line.

mod printable;
mod brief;

pub use brief::{Brief, brief, one_line};
pub(crate) use printable::{NameFault, is_unseen, name_fault};
pub use printable::{Printable, printable};
