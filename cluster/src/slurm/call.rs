//! Calls a command of Slurm.

use std::io::{ErrorKind, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// How long a command may take. Slurm's own give up after some tens of seconds, or never.
const LIMIT: Duration = Duration::from_secs(120);

/// What a command has printed; or what it says of its failure.
///
/// Variables that Slurm has set for an allocation in which this process stands itself would be taken for options, and are
/// left out.
pub(super) fn call(program: &str, args: &[&str], stdin: &str) -> Result<String, String> {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let is_slurms = ["SLURM_", "SBATCH_", "SQUEUE_", "SCANCEL_", "SLURMD_"]
            .iter()
            .any(|start| text.starts_with(start));
        if is_slurms && text != "SLURM_CONF" {
            command.env_remove(&name);
        }
    }
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| match error.kind() {
        ErrorKind::NotFound => format!("{program} is not there: is Slurm installed on this machine?"),
        _ => format!("{program} does not start: {error}"),
    })?;
    if let Some(mut pipe) = child.stdin.take() {
        let _ = pipe.write_all(stdin.as_bytes()); // if it does not read, it says why
    }
    let (out, err) = (read(child.stdout.take()), read(child.stderr.take()));
    let is_good =
        wait(&mut child).ok_or_else(|| format!("{program} has not answered for {} s", LIMIT.as_secs()))?;
    let text = |pipe: mpsc::Receiver<Vec<u8>>| {
        let bytes = pipe.recv_timeout(Duration::from_secs(1)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).trim().to_owned()
    };
    let (out, err) = (text(out), text(err));
    if is_good {
        Ok(out)
    } else if err.is_empty() {
        Err(format!("{program} has failed without a word"))
    } else {
        Err(err)
    }
}

/// Reads a pipe to its end, on a thread of its own: a full pipe would stop the command.
fn read(pipe: Option<impl std::io::Read + Send + 'static>) -> mpsc::Receiver<Vec<u8>> {
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            let _ = pipe.read_to_end(&mut bytes);
        }
        let _ = send.send(bytes);
    });
    receive
}

/// Whether it has succeeded; `None` if it has taken too long, and was killed.
fn wait(child: &mut Child) -> Option<bool> {
    let start = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status.success()),
            Ok(None) if start.elapsed() < LIMIT => thread::sleep(pause),
            _ => break,
        }
        pause = (pause * 2).min(Duration::from_millis(20));
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_say_what_they_have_to_say() {
        assert_eq!(call("cat", &[], "a\nb\n"), Ok("a\nb".to_owned()));
        assert_eq!(call("sh", &["-c", "echo no >&2; exit 1"], ""), Err("no".to_owned()));
        assert_eq!(call("false", &[], ""), Err("false has failed without a word".to_owned()));
        assert!(call("/nowhere/squeue", &[], "").unwrap_err().starts_with("/nowhere/squeue is not there"));
        assert!(call("/dev/null", &[], "").unwrap_err().starts_with("/dev/null does not start"));
    }
}
