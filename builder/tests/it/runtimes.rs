//! Futures of other libraries, each on loopback, and runs that are led from async programs.

use std::sync::Mutex;
use std::time::Duration;

use dojobber::{Cleanup, Context, Graph, Key, Plan, ensure};
use futures::StreamExt;
use futures::channel::{mpsc as stream, oneshot};
use futures::stream::FuturesUnordered;
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Handle};

use crate::support::{check, quick, statuses, within};

const MS: fn(u64) -> Duration = Duration::from_millis;

const ADDRESS: Key<std::net::SocketAddr> = Key::new("listen");

#[test]
fn hyper() {
    async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
        let body = request.into_body().collect().await?.to_bytes();
        Ok(Response::new(Full::new(if body.is_empty() { Bytes::from("hello") } else { body })))
    }
    let plan = Graph::new()
        .job(ADDRESS)
        .run_only_async(async |_| {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let address = listener.local_addr()?;
            tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    let http = hyper::server::conn::http1::Builder::new();
                    tokio::spawn(http.serve_connection(TokioIo::new(stream), service_fn(answer)));
                }
            });
            Ok(address)
        })
        .job("get")
        .after(ADDRESS)
        .check_only_async(async |cx| {
            let stream = TcpStream::connect(*cx.output(ADDRESS)?).await?;
            let (mut sender, connection) =
                hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
            tokio::spawn(connection);
            let request = Request::get("/").header("host", "localhost").body(Empty::<Bytes>::new())?;
            let response = sender.send_request(request).await?;
            ensure(response.status().is_success(), "it answers an error")?;
            Ok(response.into_body().collect().await?.to_bytes() == "hello")
        })
        .compile()
        .unwrap();
    check(&plan, quick, "CS");
}

#[test]
fn tokio_tcp() {
    let plan = Graph::new()
        .job(ADDRESS)
        .run_only_async(async |_| {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let address = listener.local_addr()?;
            tokio::spawn(async move {
                while let Ok((mut stream, _)) = listener.accept().await {
                    let _ = stream.write_all(b"hello").await;
                }
            });
            Ok(address)
        })
        .job("greet")
        .after(ADDRESS)
        .check_only_async(async |cx| {
            let mut said = String::new();
            TcpStream::connect(*cx.output(ADDRESS)?).await?.read_to_string(&mut said).await?;
            Ok(said == "hello")
        })
        .compile()
        .unwrap();
    check(&plan, quick, "CS");
}

#[cfg(unix)]
#[test]
fn tokio_process() {
    let echo = |graph: Graph<'static>, at: usize| {
        graph.job(at.to_string()).check_only_async(async move |_| {
            let output = tokio::process::Command::new("echo").arg("hello").output().await?;
            Ok(output.status.success() && output.stdout == b"hello\n")
        })
    };
    let plan = (0..5).fold(Graph::new(), echo).compile().unwrap();
    check(&plan, quick, "SSSSS");
}

#[test]
fn timers_of_smol() {
    let sleep = |graph: Graph<'static>, at: usize| {
        graph.job(at.to_string()).run_only_async(async |_| _ = async_io::Timer::after(MS(2)).await)
    };
    let plan = (0..5).fold(Graph::new(), sleep).compile().unwrap();
    check(&plan, quick, "CCCCC");
}

#[test]
fn channels_of_futures() {
    let plan = || {
        let (one, (send, receive)) = (oneshot::channel::<u32>(), stream::channel::<u32>(1));
        let (sender, receiver) = (Mutex::new(Some(one.0)), Mutex::new(Some(one.1)));
        let (send, receive) = (Mutex::new(Some(send)), Mutex::new(Some(receive)));
        let take = |all: &Mutex<Option<oneshot::Receiver<u32>>>| all.lock().unwrap().take();
        Graph::new()
            .job("waits")
            .tries(1)
            .check_only_async(move |_| {
                let receiver = take(&receiver).expect("it is tried once");
                async move { Ok(receiver.await? == 6) }
            })
            .job("adds up")
            .tries(1)
            .run_only_async(move |_| {
                let numbers = receive.lock().unwrap().take().expect("it is tried once");
                let sender = sender.lock().unwrap().take().expect("it is tried once");
                async move {
                    let sum = numbers.fold(0, |sum, number| std::future::ready(sum + number)).await;
                    sender.send(sum).is_ok()
                }
            })
            .job("a plain thread")
            .tries(1)
            .run_only(move |_| {
                let mut send = send.lock().unwrap().take().expect("it is tried once");
                std::thread::spawn(move || {
                    futures::executor::block_on(async {
                        for number in [1, 2, 3] {
                            futures::SinkExt::send(&mut send, number).await.unwrap();
                        }
                    })
                });
            })
            .compile()
            .unwrap()
    };
    for threads in [1, 2, 4] {
        let plan = plan();
        let run = quick().threads(threads).build().run(&plan, ());
        assert!(run.success(), "{}", run.report());
    }
}

// ---- runs that are led from async programs ----

/// Jobs that need timers of tokio, of the run, and a socket.
fn jobs() -> Plan<'static> {
    let job = |graph: Graph<'static>, at: usize| {
        graph.job(at.to_string()).run_only_async(async |cx| {
            tokio::time::sleep(MS(1)).await;
            cx.sleep_async(MS(1)).await;
            Ok(TcpListener::bind("127.0.0.1:0").await?.local_addr()?)
        })
    };
    (0..10).fold(Graph::new(), job).compile().unwrap()
}

#[test]
fn inside_of_tokio_main() {
    #[tokio::main]
    async fn many() -> bool {
        quick().build().run(&jobs(), ()).success()
    }
    #[tokio::main(flavor = "current_thread")]
    async fn one() -> bool {
        quick().build().run(&jobs(), ()).success()
    }
    assert!(within("a run inside of a runtime", many));
    assert!(within("a run inside of a runtime with one thread", one));
}

#[test]
fn inside_of_a_task_with_the_runtime_that_it_is_in() {
    for workers in [1, 2] {
        let done = within("a run that an async program leads", move || {
            let runtime = Builder::new_multi_thread().worker_threads(workers).enable_all().build().unwrap();
            let task = async { quick().tokio(Handle::current()).build().run(&jobs(), ()).success() };
            runtime.block_on(async { tokio::spawn(task).await.unwrap() })
        });
        assert!(done, "{workers} workers, one of which leads the run");
    }
}

#[test]
#[should_panic(expected = "use `run_async`")]
fn a_runtime_with_one_thread_cannot_wait_for_itself() {
    within("a run that an async program leads", || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { quick().tokio(Handle::current()).build().run(&jobs(), ()).success() })
    });
}

/// A runtime of its own leads a run from one of its threads, by the runner's runtime and by that one.
fn check_led(lead: impl AsyncFn(Box<dyn FnOnce() -> bool + Send>) -> bool) {
    for named in [false, true] {
        let done = within("a run that an async program leads", || {
            let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
            let runner = quick().tokio(named.then(|| runtime.handle().clone())).build();
            runtime.block_on(async { lead(Box::new(move || runner.run(&jobs(), ()).success())).await })
        });
        assert!(done, "the runtime is named: {named}");
    }
}

#[test]
fn from_spawn_blocking() {
    check_led(async |run| tokio::task::spawn_blocking(run).await.unwrap());
}

/// Such a thread is in the context of the runtime, whose only thread goes on beside it.
#[test]
fn from_spawn_blocking_of_a_runtime_with_one_thread() {
    let done = within("a run that an async program leads", || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let runner = quick().tokio(Handle::current()).build();
            tokio::task::spawn_blocking(move || runner.run(&jobs(), ()).success()).await.unwrap()
        })
    });
    assert!(done);
}

/// What a run leaves to be cleaned up may be asked for where nobody could drive its futures.
#[test]
fn a_runtime_with_one_thread_cannot_wait_for_its_own_cleanups() {
    let failed = within("a cleanup that an async program asks for", || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let job = Graph::new().job("a").cleanup_async(async |_| tokio::time::sleep(MS(1)).await);
            let plan = job.run_only_async(async |_| ()).compile().unwrap();
            let runner = quick().tokio(Handle::current()).cleanup(Cleanup::ByHand).build();
            let mut run = runner.run_async(&plan, ()).await;
            run.cleanup().iter().map(|failed| failed.to_string()).collect::<Vec<_>>()
        })
    });
    assert_eq!(failed.len(), 1);
    assert!(failed[0].contains("or another thread"), "{failed:?}");
}

/// The only job of a run sleeps by the clock of another run.
fn sleeps_for(cx: &Context) -> bool {
    let inner = Graph::new().job("inner").run_only_async(async |_| cx.sleep_async(MS(2)).await);
    quick().threads(1).build().run(&inner.compile().unwrap(), ()).success()
}

/// The clock of a run wakes others than its workers, too: a task of a runtime, what blocks inside of a phase, and workers of
/// another run.
#[test]
fn what_sleeps_may_be_awaited_elsewhere() {
    let plan = || {
        Graph::new()
            .job("in a task")
            .run_only_async(async |cx| Ok(tokio::spawn(async move { cx.sleep_async(MS(2)).await }).await?))
            .job("in a task, when it has waited for other things")
            .cleanup_async(async |cx| {
                tokio::spawn(async move { cx.sleep_async(MS(1)).await }).await?;
                Ok(())
            })
            .run_only_async(async |cx| {
                let task = async move {
                    tokio::time::sleep(MS(2)).await;
                    cx.sleep_async(MS(2)).await;
                };
                Ok(tokio::spawn(task).await?)
            })
            .job("in a task, when a worker has polled it")
            .run_only_async(async |cx| {
                let mut sleeps = Box::pin(cx.sleep_async(MS(2)));
                let _ = futures::poll!(&mut sleeps);
                Ok(tokio::spawn(sleeps).await?)
            })
            .job("within a phase that blocks")
            .run_only(|cx| futures::executor::block_on(cx.sleep_async(MS(2))))
            .job("within a future that blocks")
            .run_only_async(async |cx| futures::executor::block_on(cx.sleep_async(MS(2))))
            .job("among many of one future")
            .run_only_async(async |cx| {
                let mut both: FuturesUnordered<_> =
                    [2, 1].map(|ms| cx.sleep_async(MS(ms))).into_iter().collect();
                while both.next().await.is_some() {}
            })
            .job("in a run inside of a phase that blocks")
            .run_only(sleeps_for)
            .job("in a run inside of a future")
            .run_only_async(async |cx| sleeps_for(&cx))
            .compile()
            .unwrap()
    };
    for threads in [1, 2] {
        let done = within("a run whose jobs sleep elsewhere", move || {
            let run = quick().threads(threads).build().run(&plan(), ());
            run.exit_code() == std::process::ExitCode::SUCCESS
        });
        assert!(done, "{threads} threads");
    }
}

/// Its clock goes on.
#[test]
fn what_sleeps_may_outlive_the_run() {
    let kept = Mutex::new(None);
    let job = Graph::new().job("a").run_only_async(|cx| {
        *kept.lock().unwrap() = Some(cx);
        std::future::ready(())
    });
    let plan = job.compile().unwrap();
    assert!(quick().build().run(&plan, ()).success());
    let cx = kept.lock().unwrap().take().unwrap();
    within("what sleeps after the run", || futures::executor::block_on(cx.sleep_async(MS(2))));
    // in a job of another run, whose workers know nothing of it
    let other =
        Graph::new().job("b").run_only_async(async |_| cx.sleep_async(MS(2)).await).compile().unwrap();
    assert!(within("what sleeps in another run", || quick().build().run(&other, ()).success()));
}

#[test]
fn from_block_in_place() {
    check_led(async |run| tokio::spawn(async { tokio::task::block_in_place(run) }).await.unwrap());
}

#[test]
fn by_run_async() {
    for named in [false, true] {
        let done = within("a run that an async program leads", move || {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            let runner = quick().tokio(named.then(|| runtime.handle().clone())).build();
            runtime.block_on(async { runner.run_async(&jobs(), ()).await.success() })
        });
        assert!(done, "on a runtime with one thread");
    }
    let done = within("a run that an async program leads", || {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let (runner, plan) = (quick().build(), jobs());
            let both = (runner.run_async(&plan, ()), runner.run_async(&plan, ()));
            both.0.await.success() && both.1.await.success()
        })
    });
    assert!(done, "two at once");
}

#[test]
fn a_runtime_may_be_named() {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (name, plan) = (runtime.handle().id(), |id| {
        Graph::new()
            .job("a")
            .run_only_async(move |_| std::future::ready(Handle::current().id() == id))
            .compile()
            .unwrap()
    });
    check(&plan(name), || quick().tokio(runtime.handle().clone()), "C");
    let other = quick().default_tries(1).build().run(&plan(name), ());
    assert_eq!(statuses(&other), "F", "the runner has a runtime of its own");
}

#[test]
fn a_run_whose_future_is_dropped_is_killed_and_cleaned_up() {
    let (sender, began) = oneshot::channel();
    let (clean, cleaned) = std::sync::mpsc::channel();
    let (sender, clean) = (Mutex::new(Some(sender)), Mutex::new(clean));
    let plan = Graph::new()
        .job("waits")
        .cleanup(move |_| clean.lock().unwrap().send("cleaned up").unwrap())
        .run_only_async(move |cx| {
            let began = sender.lock().unwrap().take();
            async move {
                began.into_iter().for_each(|began| began.send(()).unwrap());
                cx.sleep_async(Duration::from_secs(3600)).await;
            }
        })
        .compile()
        .unwrap();
    let runner = quick().build();
    let current = Builder::new_current_thread().enable_all().build().unwrap();
    current.block_on(async {
        let run = runner.run_async(&plan, ());
        began.await.unwrap();
        drop(run);
    });
    assert_eq!(cleaned.recv(), Ok("cleaned up"));
}
