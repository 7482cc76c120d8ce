//! Tokens that are raised by signals: one thread of the process, which starts with the first of them.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use nix::sys::signal::{SigSet, SigmaskHow, Signal};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::{emulate_default_handler, exit};

use crate::cancel::level::StopLevel;
use crate::cancel::token::{CancelToken, Inner};
use crate::words::StopReason;

impl CancelToken {
    /// A token that follows the signals of this process: the first SIGINT, SIGTERM or SIGHUP [cancels](Self::cancel)
    /// it, the second [kills](Self::kill), and the third ends the process at once with 128 + its number.
    ///
    /// While no run uses the token, signals do what they would do without it. A signal that this process ignores (as
    /// `nohup` makes it) stays ignored, and a handler that was there before is called as ever; where the system has no
    /// `/proc/self/status` to ask, neither is known, and a signal outside of a run ends the process.
    ///
    /// Call it once, early in `main`, before there are other threads, and give the token to every runner.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let stop = dojobber_core::CancelToken::on_signals()?;
    /// assert!(!stop.is_cancelled());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The error of a system that refuses a handler or a thread.
    pub fn on_signals() -> io::Result<Self> {
        let token = CancelToken::new();
        let mut watch = lock();
        if !watch.is_running {
            watch.start()?;
        }
        watch.tokens.push(Token { token: Arc::downgrade(&token.inner), signals: 0 });
        Ok(token)
    }
}

struct Token {
    token: Weak<Inner>,
    /// How many have come while a run used it.
    signals: u32,
}

#[derive(Default)]
struct Watch {
    is_running: bool,
    /// The signals that had a handler before ours.
    handled: u64,
    tokens: Vec<Token>,
}

static WATCH: Mutex<Watch> = Mutex::new(Watch { is_running: false, handled: 0, tokens: Vec::new() });

/// What is called just before the process ends at once.
static LAST: OnceLock<fn()> = OnceLock::new();

/// Has `last` called just before the third signal ends the process. What is said first counts.
pub(crate) fn before_exit(last: fn()) {
    let _ = LAST.set(last);
}

fn lock() -> MutexGuard<'static, Watch> {
    WATCH.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Watch {
    fn start(&mut self) -> io::Result<()> {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let ignored = mask(&status, "SigIgn:");
        self.handled = mask(&status, "SigCgt:");
        let wanted = [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|signal| !has(ignored, *signal));
        let mut signals = held_back(|| Signals::new(wanted))?;
        std::thread::Builder::new().name("dojobber-signals".into()).spawn(move || {
            for signal in signals.forever() {
                arrived(signal);
            }
        })?;
        self.is_running = true;
        Ok(())
    }

    /// Counts a signal, and returns what it does to each token that is in use.
    fn count(&mut self) -> Vec<(Arc<Inner>, Effect)> {
        self.tokens.retain(|token| token.token.strong_count() > 0);
        let mut effects = Vec::new();
        for watched in &mut self.tokens {
            let token = watched.token.upgrade().filter(|token| token.is_used());
            effects.extend(token.map(|token| {
                watched.signals = watched.signals.saturating_add(1);
                (token, Effect::of(watched.signals))
            }));
        }
        effects
    }
}

/// A signal that comes while its first handler is put in place is lost: `signal-hook` calls nobody yet. So it is held
/// back, in a program of one thread, and is there afterwards.
fn held_back<T>(place: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let stops: SigSet = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP].into_iter().collect();
    let before = stops.thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
    let placed = place();
    before.thread_set_mask()?;
    placed
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    Raise(StopLevel),
    Exit,
}

impl Effect {
    fn of(signals: u32) -> Self {
        match signals {
            1 => Effect::Raise(StopLevel::Cancel),
            2 => Effect::Raise(StopLevel::Kill),
            _ => Effect::Exit,
        }
    }
}

fn arrived(signal: i32) {
    let (effects, is_handled) = {
        let mut watch = lock();
        (watch.count(), has(watch.handled, signal))
    };
    if effects.is_empty() && !is_handled {
        let _ = emulate_default_handler(signal); // does not return
    }
    for (token, effect) in effects {
        match effect {
            Effect::Raise(level) => token.raise(level, StopReason::Signal(signal)),
            Effect::Exit => {
                if let Some(last) = LAST.get() {
                    last();
                }
                exit(128 + signal)
            }
        }
    }
}

/// The signals in that line of `/proc/self/status`, from bit 0.
fn mask(status: &str, line: &str) -> u64 {
    let found = status.lines().find_map(|text| text.strip_prefix(line));
    found.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

fn has(mask: u64, signal: i32) -> bool {
    mask >> (signal - 1) & 1 == 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader, Write};
    use std::process::{Child, Command, ExitStatus, Stdio};
    use std::time::Instant;

    use crate::cancel::{Due, set_alarm};

    /// Runs in a process of its own, which the other tests send signals to.
    #[test]
    fn program() {
        let Ok(uses) = std::env::var("DOJOBBER_TEST_SIGNALS") else { return };
        let token = CancelToken::on_signals().unwrap();
        let used = (uses != "unused").then(|| token.in_use());
        let stuck: Arc<dyn Due> = Arc::new(Stuck);
        let _stuck = (uses == "stuck").then(|| set_alarm(Instant::now(), Arc::downgrade(&stuck)));
        drop(CancelToken::on_signals().unwrap()); // one that is gone does nothing
        let say = |what: String| {
            let mut out = std::io::stdout();
            writeln!(out, "\nsays {what}").and_then(|()| out.flush()).unwrap();
        };
        say("ready".to_owned());
        let mut seen = StopLevel::None;
        loop {
            let bell = crate::cancel::bell::Bell::new();
            if let Some(_listening) = token.listen(seen, bell.waker()) {
                bell.wait_until(None);
            }
            seen = token.level();
            say(format!("{seen:?} {:?}", token.reason().unwrap()));
            if uses == "once" {
                break;
            }
        }
        drop(used);
    }

    /// As an observer is that is told of a slow phase, and writes to a terminal that is paused.
    struct Stuck;

    impl Due for Stuck {
        fn due(&self) {
            loop {
                std::thread::park();
            }
        }
    }

    struct Program {
        child: Child,
        lines: Box<dyn Iterator<Item = String>>,
    }

    impl Program {
        fn start(before: &str, uses: &str) -> Self {
            let program = std::env::current_exe().unwrap();
            let line = format!("{before} exec \"$0\" --exact cancel::signals::tests::program --nocapture");
            let mut command = Command::new("sh");
            command
                .arg("-c")
                .arg(line)
                .arg(program)
                .env("DOJOBBER_TEST_SIGNALS", uses)
                .stdout(Stdio::piped());
            let mut child = command.spawn().unwrap();
            let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
            let said = lines.filter_map(|line| Some(line.strip_prefix("says ")?.to_owned()));
            let mut program = Program { child, lines: Box::new(said) };
            assert_eq!(program.says(), "ready");
            program
        }

        fn says(&mut self) -> String {
            self.lines.next().unwrap_or_default()
        }

        fn send(&self, signal: i32) {
            let pid = rustix::process::Pid::from_child(&self.child);
            let signal = rustix::process::Signal::from_named_raw(signal).unwrap();
            rustix::process::kill_process(pid, signal).unwrap();
        }

        fn ended(mut self) -> ExitStatus {
            self.child.wait().unwrap()
        }
    }

    #[test]
    fn the_third_ends_the_process() {
        for (last, uses) in [(SIGINT, "used"), (SIGTERM, "used"), (SIGHUP, "used"), (SIGINT, "stuck")] {
            let mut program = Program::start("", uses);
            program.send(SIGTERM);
            assert_eq!(program.says(), "Cancel Signal(15)");
            program.send(SIGINT);
            assert_eq!(program.says(), "Kill Signal(15)");
            program.send(last);
            assert_eq!(program.ended().code(), Some(128 + last));
        }
    }

    #[test]
    fn unused_it_does_nothing() {
        use std::os::unix::process::ExitStatusExt;
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            let program = Program::start("", "unused");
            program.send(signal);
            assert_eq!(program.ended().signal(), Some(signal));
        }
    }

    #[test]
    fn what_is_ignored_stays_ignored() {
        let mut program = Program::start("trap '' HUP;", "used");
        program.send(SIGHUP);
        program.send(SIGINT);
        assert_eq!(program.says(), "Cancel Signal(2)");
        program.send(SIGINT);
        program.send(SIGTERM);
        assert!(program.ended().code().is_some());
    }

    #[test]
    fn signals_are_held_back_while_handlers_are_put_in_place() {
        let held = || SigSet::thread_get_mask().unwrap();
        let (before, meanwhile) = (held(), held_back(|| Ok(held())).unwrap());
        let stops = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP];
        assert!(stops.iter().all(|stop| meanwhile.contains(*stop) && !before.contains(*stop)));
        assert_eq!(held(), before);
        held_back::<()>(|| Err(io::ErrorKind::Other.into())).unwrap_err();
        assert_eq!(held(), before, "after an error, too");
    }

    #[test]
    fn masks_are_read() {
        let status = "Name:\tx\nSigIgn:\t0000000000001001\nSigCgt:\t0000000180014a03\n";
        let bits = |mask: u64| (1..=64).filter(|signal| has(mask, *signal)).collect::<Vec<_>>();
        assert_eq!(bits(mask(status, "SigIgn:")), [1, 13]);
        assert_eq!(bits(mask(status, "SigCgt:")), [1, 2, 10, 12, 15, 17, 32, 33]);
        assert_eq!(bits(mask("", "SigIgn:")), Vec::<i32>::new());
    }
}
