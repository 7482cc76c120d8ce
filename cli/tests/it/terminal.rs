//! What is seen on a terminal, while a program runs and when it has ended.

use std::fs::{File, OpenOptions};
use std::io::Read as _;
use std::process::{Child, Command};

#[cfg(feature = "cluster")]
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use unicode_width::UnicodeWidthStr as _;

use crate::program::{program, without_times};

/// A program on a terminal of a certain size.
struct Shown {
    child: Child,
    controller: File,
    screen: vt100::Parser,
    written: Vec<u8>,
}

impl Shown {
    #[track_caller]
    fn start(mut command: Command, rows: u16, columns: u16) -> Self {
        let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&controller).unwrap();
        unlockpt(&controller).unwrap();
        let name = ptsname(&controller, Vec::new()).unwrap();
        let terminal = OpenOptions::new().read(true).write(true).open(name.to_str().unwrap()).unwrap();
        tcsetwinsize(&terminal, size(rows, columns)).unwrap();
        command.stderr(terminal.try_clone().unwrap()).stdout(terminal);
        let child = command.spawn().unwrap();
        drop(command); // and with it our ends of the terminal
        Shown {
            child,
            controller: File::from(controller),
            screen: vt100::Parser::new(rows, columns, 0),
            written: Vec::new(),
        }
    }

    /// What comes next is on the screen. `false`: nothing comes any more.
    fn read(&mut self) -> bool {
        let mut piece = [0; 4096];
        let Ok(count @ 1..) = self.controller.read(&mut piece) else { return false };
        self.written.extend(&piece[..count]);
        self.screen.process(&piece[..count]);
        true
    }

    fn resize(&mut self, rows: u16, columns: u16) {
        tcsetwinsize(&self.controller, size(rows, columns)).unwrap();
        self.screen.screen_mut().set_size(rows, columns);
    }

    /// No row of the block that moves reaches the edge, so none goes on in the next one, and they are a third of the screen.
    /// The names of its jobs begin with that word.
    #[track_caller]
    fn check_frame(&self, word: &str) {
        let screen = self.screen.screen();
        let (rows, columns) = screen.size();
        let starts = [format!("  {word} "), "  .. and ".to_owned(), "  running ".to_owned()];
        let is_of_block =
            |row: &String| starts.iter().any(|start| row.starts_with(start)) || row.contains(['█', '·']);
        let block: Vec<String> = screen.rows(0, columns).filter(is_of_block).collect();
        assert!(block.len() <= usize::from(rows / 3).max(1), "{block:#?}");
        let fits = |row: &String| row.trim_end().width() < usize::from(columns);
        assert!(block.iter().all(fits), "{columns} columns: {block:#?}");
    }

    /// All that was written, and what is left on the screen.
    fn end(mut self) -> (String, String) {
        while self.read() {}
        self.child.wait().unwrap();
        (String::from_utf8_lossy(&self.written).into_owned(), self.screen.screen().contents())
    }
}

fn size(rows: u16, columns: u16) -> Winsize {
    Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }
}

/// Runs `trouble` on a terminal of that size. Returns all that it has written, and what is left on the screen.
#[track_caller]
fn seen(arguments: &[&str], rows: u16, columns: u16) -> (String, String) {
    let mut command = program("trouble");
    command.args(arguments);
    Shown::start(command, rows, columns).end()
}

fn crowd(arguments: &str) -> Command {
    let mut command = program("crowd");
    command.args(arguments.split(' '));
    command
}

/// 20, 80 and 200 columns, with 5, 300 and 10,000 jobs, of which some fail: every frame fits, nothing of the block is left,
/// and the last lines are the summary.
#[test]
fn every_frame_fits_and_nothing_is_left() {
    let jobs = [
        ("5 --waiting 5 --micros 600000 --failing 1 --threads 3", 5, "job"),
        ("5 --waiting 5 --micros 600000 --failing 1 --threads 3", 5, "日本語のとても長い名前のジョブ"),
        ("5 --waiting 5 --micros 600000 --failing 1 --threads 3", 5, "cafe\u{301}e\u{301}"),
        ("300 --waiting 300 --micros 400000 --failing 2 --threads 150", 300, "job"),
        ("10000 --micros 100 --waiting 6 --failing 3 --threads 2", 10_000, "job"),
    ];
    for columns in [20, 80, 200] {
        for (arguments, count, word) in jobs {
            let mut shown = Shown::start(crowd(&format!("{arguments} --word {word}")), 24, columns);
            while shown.read() {
                shown.check_frame(word);
            }
            let (written, left) = shown.end();
            let what = format!("{columns} columns, {count} jobs: {left}");
            assert!(written.contains(&format!("/{count}")), "no frame was drawn at {what}");
            assert!(!left.contains(['█', '·']), "{what}");
            let end = left.replace('\n', ""); // a narrow terminal breaks it
            let summary = end.rfind(&format!("{count} jobs in ")).unwrap_or_else(|| panic!("{what}"));
            assert!(end[..summary].contains("FAILED     "), "{what}");
            let last = &end[summary..];
            assert!(last.contains(" changed, ") && last.contains(" failed"), "{what}");
            assert!(!last.contains(&format!("  {word} ")), "{what}");
        }
    }
}

/// What is left on the screen at the end, without times. What was reviewed is in a file; `DOJOBBER_ACCEPT=1` writes it anew.
#[test]
fn the_screen_at_the_end_is_as_it_was_reviewed() {
    let mut text = String::new();
    for columns in [80, 200] {
        for (arguments, count) in [("5", 5), ("300 --failing 12", 300), ("10000 --failing 2", 10_000)] {
            for word in ["job", "日本語のジョブ"] {
                let arguments = format!("{arguments} --micros 0 --threads 1 --word {word}");
                let (_, left) = Shown::start(crowd(&arguments), 24, columns).end();
                text.push_str(&format!("{count} jobs, {columns} columns\n"));
                left.trim_end().lines().for_each(|line| text.push_str(&format!("{}\n", without_times(line))));
                text.push('\n');
            }
        }
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/screens.txt");
    if std::env::var_os("DOJOBBER_ACCEPT").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    assert_eq!(text, std::fs::read_to_string(path).unwrap(), "{path} has what was reviewed");
}

#[test]
fn a_terminal_may_be_resized() {
    let mut shown = Shown::start(crowd("4 --waiting 4 --micros 500000 --threads 1"), 24, 120);
    let (mut sizes, mut frames) = ([(20, 60), (12, 30), (30, 100)].into_iter(), 0);
    while shown.read() {
        frames += 1;
        if frames % 5 == 0
            && let Some((rows, columns)) = sizes.next()
        {
            shown.resize(rows, columns);
        }
    }
    assert_eq!(sizes.next(), None, "{frames} frames");
    let (_, left) = shown.end();
    let last = left.trim_end().lines().last().unwrap();
    assert!(last.starts_with("4 jobs in ") && last.ends_with(": 4 changed"), "{left}");
    assert!(!left.contains('█'), "{left}");
}

#[test]
fn a_dumb_terminal_has_lines() {
    let mut command = program("trouble");
    command.args(["flaky", "--color", "never"]).env("TERM", "dumb");
    let (written, left) = Shown::start(command, 24, 80).end();
    assert!(!written.contains('\u{1b}') && left.starts_with("trouble: 2 jobs, "), "{written:?}");
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

/// The cluster tells what becomes of its units.
#[cfg(feature = "cluster")]
#[test]
fn what_others_say_stands_above_what_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut frames = program("frames");
    frames.args("--frames 1 --millis 600000 --engine processes --spool spool".split(' '));
    frames.current_dir(folder.path());
    let mut shown = Shown::start(frames, 24, 80);
    while !shown.screen.screen().contents().contains('█') {
        assert!(shown.read(), "it has ended: {}", shown.screen.screen().contents());
    }
    kill_process(Pid::from_child(&shown.child), Signal::INT).unwrap();
    let (_, left) = shown.end();
    assert!(left.lines().any(|line| line == "cluster: the run is stopped, 1 unit is ended"), "{left}");
    assert!(!left.contains('█'), "{left}");
}
