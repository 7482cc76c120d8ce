//! The machine that a stack is brought up on: its files, its port, and the server.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use dojobber::{Context, Process, Result, ensure};

use crate::graph::{Host, Server};

/// The name of the server's configuration, in the stack's directory.
pub(crate) const CONFIGURATION: &str = "greeting.txt";

/// This machine.
pub(crate) struct Machine {
    /// The program of the server: this one.
    pub(crate) program: PathBuf,
    pub(crate) dir: PathBuf,
    pub(crate) port: u16,
    /// Whether to start a server that never answers.
    pub(crate) hang: bool,
}

impl Machine {
    fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    fn note(&self) -> PathBuf {
        self.dir.join("running")
    }
}

impl Host for Machine {
    fn has_directory(&self) -> bool {
        self.dir.is_dir()
    }

    fn make_directory(&self) -> Result {
        Ok(fs::create_dir_all(&self.dir)?)
    }

    fn configuration(&self) -> Result<String> {
        Ok(fs::read_to_string(self.dir.join(CONFIGURATION))?)
    }

    fn configure(&self, greeting: &str) -> Result {
        let new = self.dir.join("greeting.new");
        fs::write(&new, greeting)?;
        Ok(fs::rename(new, self.dir.join(CONFIGURATION))?)
    }

    fn port_is_free(&self) -> Result {
        Ok(TcpListener::bind(self.address()).map(drop)?)
    }

    fn start(&self, cx: &Context) -> Result<Box<dyn Server>> {
        fs::write(self.note(), "")?;
        let server = cx.command(&self.program).arg("--serve").arg("--dir").arg(&self.dir);
        let server = server.arg("--port").arg(self.port.to_string());
        let server = if self.hang { server.arg("--hang") } else { server };
        Ok(Box::new(server.spawn()?))
    }

    fn get(&self, cx: &Context, path: &str) -> Result<String> {
        const LONGEST: Duration = Duration::from_secs(10);
        let left = || cx.time_left().unwrap_or(LONGEST).min(LONGEST);
        let mut stream = TcpStream::connect_timeout(&self.address(), left())?;
        stream.set_write_timeout(Some(left()))?;
        write!(stream, "GET {path} HTTP/1.0\r\n\r\n")?;
        stream.set_read_timeout(Some(left()))?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").ok_or("the answer is no HTTP")?;
        ensure(head.starts_with("HTTP/1.0 200 "), format!("{path} is answered with {head}"))?;
        Ok(body.to_owned())
    }

    fn remove_note(&self) -> Result {
        match fs::remove_file(self.note()) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()), // the server was never started
            removed => Ok(removed?),
        }
    }
}

impl Server for Process {
    fn check_running(&self) -> Result {
        Process::check_running(self)
    }
}
