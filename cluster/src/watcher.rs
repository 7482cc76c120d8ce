//! Brings units to an engine, and what becomes of them back: three threads, since each question to an engine may take long.

mod desk;
mod collect;
mod stop;
mod submit;
mod survey;
mod watch;

pub(crate) use desk::{Current, Inherited, Settings, Watcher};
