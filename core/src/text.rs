//! Text for people: what may be printed, and how it fits on a line.

mod printable;
mod cells;
mod brief;

pub use brief::{Brief, brief, one_line};
pub use cells::cells;
pub(crate) use printable::{NameFault, is_unseen, name_fault};
pub use printable::{Printable, printable};
