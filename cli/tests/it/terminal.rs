//! What is seen on a terminal, while a program runs and when it has ended.

use std::fs::{File, OpenOptions};
use std::io::Read as _;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::program::program;

/// Runs the program on a terminal of that size. Returns all that it has written, and what is left on the screen.
#[track_caller]
fn seen(arguments: &[&str], rows: u16, columns: u16) -> (String, String) {
    let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&controller).unwrap();
    unlockpt(&controller).unwrap();
    let name = ptsname(&controller, Vec::new()).unwrap();
    let terminal = OpenOptions::new().read(true).write(true).open(name.to_str().unwrap()).unwrap();
    let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&terminal, size).unwrap();
    let mut command = program("trouble");
    command.args(arguments).stderr(terminal.try_clone().unwrap()).stdout(terminal);
    let mut child = command.spawn().unwrap();
    drop(command); // and with it our ends of the terminal
    let (mut controller, mut written, mut piece) = (File::from(controller), Vec::new(), [0; 4096]);
    while let Ok(count @ 1..) = controller.read(&mut piece) {
        written.extend(&piece[..count]);
    }
    child.wait().unwrap();
    let mut screen = vt100::Parser::new(rows, columns, 0);
    screen.process(&written);
    (String::from_utf8_lossy(&written).into_owned(), screen.screen().contents())
}

const ENDLESS: [&str; 5] = ["endless", "--timeout", "1s", "--threads", "1"];

#[test]
fn what_goes_on_is_shown_and_then_taken_away() {
    for columns in [80, 200] {
        let (written, left) = seen(&ENDLESS, 24, columns);
        assert!(written.contains("  endless  run  "), "{written:?}");
        assert!(written.contains("1/3"), "{written:?}");
        let lines: Vec<&str> = left.lines().collect();
        assert_eq!(lines[0], "endless has begun");
        assert!(left.contains("\nstopping, its time was over: "), "{left}");
        let last = lines.iter().rfind(|line| !line.contains("again: ") && !line.starts_with("--"));
        assert!(last.is_some_and(|line| line.starts_with("3 jobs in ")), "{left}");
        assert!(!left.contains('·') && !left.contains("endless  run  "), "{left}");
    }
}

#[test]
fn a_narrow_terminal_is_left_clean_too() {
    let (_, left) = seen(&ENDLESS, 24, 20);
    assert!(!left.contains('·'), "{left}");
    assert!(left.contains("3 jobs in "), "{left}");
}

#[test]
fn without_it_lines_stand_alone() {
    for arguments in
        [&["flaky", "--progress", "never", "--color=never"][..], &["flaky", "-n", "--color=never"]]
    {
        let (written, _) = seen(arguments, 24, 80);
        assert!(!written.contains('\u{1b}'), "{written:?}");
    }
}

#[test]
fn a_second_run_has_one_line() {
    let (_, left) = seen(&[], 24, 80);
    assert!(left.starts_with("1 job in ") && left.trim_end().ends_with(": all satisfied"), "{left}");
    assert_eq!(left.trim_end().lines().count(), 1, "{left}");
}
