//! The library as its users see it.

#[cfg(feature = "testkit")]
mod kit; // what the tests of the test kit share
#[cfg(feature = "testkit")]
mod kit_examples; // every check of the test kit on the example programs
mod support; // what they share
#[cfg(feature = "testkit")]
mod blame; // whom the test kit blames
#[cfg(feature = "testkit")]
mod afterlife; // what a process still does that was killed in a simulation
mod bombs; // values whose destructors panic
mod builder; // graphs, names, mistakes
#[cfg(feature = "testkit")]
mod clean; // thirteen graphs without a bug
mod cleanup; // modes, order, failures
mod conformance; // what DoJobber did on 80 random graphs
mod console; // the lines that are shown
mod data; // arguments, stores, outputs, commands
mod debug; // what `{:?}` shows
#[cfg(feature = "portable")]
mod elsewhere; // jobs that are executed on other machines
mod errors; // errors that say more, through the types of users
#[cfg(feature = "testkit")]
mod findings; // what the test kit reports
#[cfg(feature = "testkit")]
mod for_good; // jobs that fail in all their tries, and what the test kit finds then
#[cfg(feature = "testkit")]
mod forgeries; // what the judge says of them
#[cfg(unix)]
mod processes; // what jobs start, how it ends, what its errors say
mod printing; // what reaches a terminal
mod programs; // the other example programs, from outside
#[cfg(all(target_os = "linux", feature = "signals"))]
mod signals; // a program that gets signals at any moment
#[cfg(feature = "testkit")]
mod mixed; // random graphs of blocking and async phases
#[cfg(feature = "testkit")]
mod waiting; // async phases in the test kit: bugs, time, faults
#[cfg(feature = "testkit")]
mod interruptions; // inside of phases: crashes, other jobs, things that are touched
mod formats; // reports in every format, and those of earlier versions
#[cfg(feature = "journal")]
mod journal; // what a journal tells, torn anywhere, and the cleanups that are owed
#[cfg(all(unix, feature = "journal"))]
mod killed; // a program that is killed at any moment, and its cleanups
mod movie; // DoJobber's own example, whole
mod options; // how a runner is built
mod parallel; // barriers, rayon inside jobs, runs inside runs
#[cfg(feature = "testkit")]
mod planted; // graphs with a bug each, which the test kit finds
#[cfg(feature = "testkit")]
mod pools; // slots, weights, priorities, queues
#[cfg(feature = "testkit")]
mod promises; // processes that die, every moment, one error, dry runs anywhere
#[cfg(feature = "testkit")]
mod properties; // random graphs: drivers, judge, reports
#[cfg(feature = "testkit")]
mod purity; // dry runs that change something
mod report; // saved and read back, refused when it does not fit
mod schema; // the JSON Schema of reports
mod saying; // what jobs say while they go on, and what takes long
mod semantics; // one try, statuses, retries, dry run
mod since; // what is different from an earlier report
mod summary; // what is told at the end of a run
mod through; // dry runs that go on, and what jobs say of their runs
mod spelling; // the order in which things are said
mod asynchronous; // phases that are futures
mod wakers; // wakers that are called at every odd moment
#[cfg(feature = "tokio")]
mod runtimes; // futures of other libraries, runs inside of async programs
#[cfg(feature = "testkit")]
mod stops; // random worlds, stopped at any event
#[cfg(all(unix, feature = "testkit"))]
mod levels; // what each level of a stop means for each kind of phase
#[cfg(target_os = "linux")]
mod idle; // what a run takes while it only waits
mod stopping; // stops, limits, first failures, errors that say more
#[cfg(feature = "testkit")]
mod shrinking; // how random graphs get smaller
#[cfg(feature = "testkit")]
mod testkit; // simulated runs: order, time, faults
#[cfg(feature = "testkit")]
mod timings; // what begins first where it is known how long jobs take
mod ui; // compiler messages
