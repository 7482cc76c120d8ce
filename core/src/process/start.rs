//! The start of a process, and why it fails.

use std::io::{self, ErrorKind};
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use crate::process::error::Why;

/// For so long a program that is being written is tried again. Another thread may have started a process while a file
/// was being written, which holds it open until its own program begins.
const BUSY: Duration = Duration::from_millis(100);

pub(super) fn start(command: &mut Command) -> Result<Child, Why> {
    let mut pause = Duration::from_micros(500);
    let mut until = None;
    loop {
        match command.spawn() {
            Ok(child) => return Ok(child),
            Err(error) if error.kind() == ErrorKind::ExecutableFileBusy => {
                let now = Instant::now();
                if *until.get_or_insert(now + BUSY) <= now {
                    return Err(Why::DidNotStart(error));
                }
                std::thread::sleep(pause);
                pause = (2 * pause).min(BUSY / 10);
            }
            Err(error) => return Err(why_not(command, error)),
        }
    }
}

/// The system names neither the directory nor the program.
fn why_not(command: &Command, error: io::Error) -> Why {
    let missing = matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory);
    if let Some(dir) = command.get_current_dir().filter(|dir| missing && !dir.is_dir()) {
        return Why::NoDirectory(dir.to_owned(), error);
    }
    let program = Path::new(command.get_program());
    let is_path = program.components().count() > 1;
    let from = command.get_current_dir().unwrap_or(Path::new(""));
    if is_path && from.join(program).is_dir() { Why::IsDirectory(error) } else { Why::DidNotStart(error) }
}
