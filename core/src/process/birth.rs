//! Which process a number stands for: numbers are used again, moments are not.

use std::time::Duration;

/// A process of this machine, which need not be a child of ours, and may have ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) id: u32,
    /// When it began, in the words of its system.
    pub(crate) birth: String,
}

impl Known {
    /// Whether it still goes on.
    pub(crate) fn is_alive(&self) -> bool {
        birth(self.id).is_some_and(|birth| birth == self.birth)
    }

    /// Ends it and the group that it leads: by SIGTERM, and by SIGKILL if it is still there after the grace period. Without
    /// one nobody is asked. Says whether there was something to end.
    #[cfg(unix)]
    pub(crate) fn end(&self, grace: Duration) -> bool {
        use rustix::process::{Pid, Signal, getpgid, kill_process, kill_process_group};
        use std::time::Instant;
        let Some(pid) = i32::try_from(self.id).ok().and_then(Pid::from_raw).filter(|_| self.is_alive())
        else {
            return false;
        };
        let leads = getpgid(Some(pid)).is_ok_and(|group| group == pid);
        let send = |signal| {
            // it is no error if it has ended meanwhile
            let _ = if leads { kill_process_group(pid, signal) } else { kill_process(pid, signal) };
        };
        if !grace.is_zero() {
            send(Signal::TERM);
            send(Signal::CONT);
        }
        let until = Instant::now().checked_add(grace);
        while self.is_alive() && until.is_none_or(|until| Instant::now() < until) {
            std::thread::sleep(Duration::from_millis(5));
        }
        if self.is_alive() {
            send(Signal::KILL);
        }
        true
    }

    #[cfg(not(unix))]
    pub(crate) fn end(&self, _: Duration) -> bool {
        false
    }
}

/// When the process of that number began, as a text that no other process of the number ever has; `None` if there is none
/// that goes on, and where the system does not tell.
#[cfg(target_os = "linux")]
pub(crate) fn birth(id: u32) -> Option<String> {
    use std::fs;
    use std::sync::OnceLock;
    static BOOT: OnceLock<String> = OnceLock::new();
    let boot = BOOT.get_or_init(|| {
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        boot.trim().to_owned()
    });
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(") ")?; // the name before that may hold anything
    let mut fields = fields.split(' ');
    let has_ended = matches!(fields.next()?, "Z" | "X");
    let ticks = fields.nth(18)?;
    (!has_ended).then(|| format!("{boot}:{ticks}"))
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn birth(_: u32) -> Option<String> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn a_process_is_known_by_its_number_and_its_birth() {
        let mut child = Command::new("sleep").arg("1000").spawn().unwrap();
        let known = Known { id: child.id(), birth: birth(child.id()).unwrap() };
        let other = Known { birth: known.birth.clone() + "0", ..known.clone() };
        assert_eq!((known.is_alive(), other.is_alive(), other.end(Duration::MAX)), (true, false, false));
        assert_eq!(birth(child.id()), Some(known.birth.clone()));
        assert!(known.end(Duration::MAX), "it is a zombie then");
        assert!(!known.is_alive() && !known.end(Duration::ZERO));
        child.wait().unwrap();
        assert_eq!(birth(known.id), None);
    }
}
