//! The jobs of a small stack, without a word about how they are run.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use dojobber::{Backoff, Context, Graph, Key, Process, Result, ensure, permanent};

const SERVER: Key<Process> = Key::new("server");

/// The name of the server's configuration, in the stack's directory.
pub(crate) const CONFIGURATION: &str = "greeting.txt";

/// What is to be brought up.
pub(crate) struct Stack {
    /// The program of the server: this one.
    pub(crate) program: PathBuf,
    pub(crate) dir: PathBuf,
    pub(crate) port: u16,
    pub(crate) greeting: String,
    /// How long to wait for the server.
    pub(crate) patience: Duration,
    pub(crate) hang: bool,
    pub(crate) hold: bool,
}

pub(crate) fn spinup(stack: &Stack) -> Graph<'_> {
    let graph = Graph::new()
        .job("directory")
        .check(|_| stack.dir.is_dir())
        .run(|_| Ok(fs::create_dir_all(&stack.dir)?))
        .job("configuration")
        .after("directory")
        .check(|_| Ok(fs::read_to_string(stack.dir.join(CONFIGURATION))? == stack.greeting))
        .run(|_| stack.configure())
        .job("port")
        .description("is free: the server of a run that was killed is asked to quit")
        .retry_for(Duration::from_secs(5))
        .retry_delay(Duration::from_millis(50))
        .timeout(Duration::from_secs(1))
        .check(|_| Ok(TcpListener::bind(stack.address()).map(drop)?))
        .run(|cx| stack.get(cx, "/quit").map(drop))
        .job(SERVER)
        .after(["configuration", "port"])
        .tries(1)
        .cleanup(|_| Ok(fs::remove_file(stack.dir.join("running"))?))
        .run_only(|cx| stack.start(cx))
        .job("answers")
        .after(SERVER)
        .retry_for(stack.patience)
        .retry_delay(Backoff::exponential(Duration::from_millis(20)).max_delay(Duration::from_millis(200)))
        .timeout(Duration::from_millis(500))
        .check_only(|cx| {
            cx.output(&SERVER)?.check_running().map_err(permanent)?; // a server that has died will not answer
            ensure(stack.get(cx, "/health")? == "well", "the server is not well")
        })
        .job("smoke test")
        .after("answers")
        .tries(1)
        .check_only(|cx| ensure(stack.get(cx, "/")? == stack.greeting, "the server says something else"));
    if stack.hold { graph.job("up").after("smoke test").timeout(Duration::MAX).run_only(wait) } else { graph }
}

/// Until the run is stopped. Ends well then: that is what was asked for.
fn wait(cx: &Context) {
    cx.sleep(Duration::MAX).unwrap_or_default();
}

impl Stack {
    fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// The file is there as a whole, or not at all.
    fn configure(&self) -> Result {
        let new = self.dir.join("greeting.new");
        fs::write(&new, &self.greeting)?;
        Ok(fs::rename(new, self.dir.join(CONFIGURATION))?)
    }

    /// The server belongs to the run: it is ended right after the cleanup of this job.
    fn start(&self, cx: &Context) -> Result<Process> {
        fs::write(self.dir.join("running"), "")?;
        let server = cx.command(&self.program).arg("--serve").arg("--dir").arg(&self.dir);
        let server = server.arg("--port").arg(self.port.to_string());
        if self.hang { server.arg("--hang").spawn() } else { server.spawn() }
    }

    /// What the server answers, within the time that the phase has left.
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
}
