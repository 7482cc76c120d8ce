//! A dependency that was forgotten, and how the test kit finds it. `cargo run --example forgotten_edge --features testkit`
//!
//! A service is started with the configuration that it finds. Nothing says that it must be written before. On the
//! author's machine it always is, because it is declared first; with more threads, one day, it is not.
#![expect(clippy::print_stdout, reason = "a program talks to its user")]

use std::sync::Mutex;

use dojobber::testkit::{Simulation, try_explore};
use dojobber::{Graph, Plan};

/// The world that the jobs change.
#[derive(Default)]
struct Server {
    user: Mutex<bool>,
    config: Mutex<Option<&'static str>>,
    running_with: Mutex<Option<&'static str>>,
}

#[rustfmt::skip]
fn setup<'s>(server: &'s Server, before_start: &[&str]) -> Plan<'s> {
    let Server { user, config, running_with } = server;
    Graph::new()
        .job("user")
            .check(|_| *user.lock().unwrap())
            .run(|_| *user.lock().unwrap() = true)
        .job("config").after("user")
            .check(|_| config.lock().unwrap().is_some())
            .run(|_| *config.lock().unwrap() = Some("port 443"))
        .job("start").after(before_start)
            .check(|_| running_with.lock().unwrap().is_some())
            .run(|_| *running_with.lock().unwrap() = Some(config.lock().unwrap().unwrap_or("port 80")))
        .compile()
        .unwrap()
}

/// Returns the settings with which the server runs in the end.
fn body(before_start: &[&str]) -> impl Fn(&Simulation) -> Option<&'static str> {
    move |simulation| {
        let server = Server::default();
        let run = simulation.run(&setup(&server, before_start), ());
        assert!(run.success());
        *server.running_with.lock().unwrap()
    }
}

fn main() {
    let server = Server::default();
    assert!(setup(&server, &["user"]).run(()).success()); // nothing seems to be wrong

    match try_explore(100, body(&["user"])) {
        Err(finding) => println!("{finding}\n"),
        Ok(_) => unreachable!("nothing says that `config` comes before `start`"),
    }
    match try_explore(100, body(&["user", "config"])) {
        Ok(seen) => println!("with the edge, all orders lead to {seen:?}"),
        Err(finding) => unreachable!("{finding}"),
    }
}
