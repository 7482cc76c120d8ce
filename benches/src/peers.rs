//! The contenders: each runs the same graph, with the same bodies, by its own means.
//!
//! To add one, write a module with a type that is a [`Contender`], and name it in [`NAMES`] and
//! [`contender`]. `timing` has the two ways to time it.

mod contender;

mod timing;

mod serial;

mod floor;

mod rayon_scope;

mod onetbb;

mod dojobber;

#[cfg(feature = "peers")]
mod dagx;

#[cfg(feature = "peers")]
mod meridian;

#[cfg(feature = "peers")]
mod shred;

use std::path::Path;

use crate::plans::Mode;
use dojobber::Dojobber;
use onetbb::{Edges, Nodes, OneTbb};

pub use contender::{Contender, Sample};
pub use serial::Serial;
pub use timing::{once_each, repeatedly};

/// The contenders of this build; the others are compared with the first.
pub const NAMES: &[&str] = &[
    "onetbb",
    "onetbb-backwards",
    "onetbb-chg",
    "rayon",
    "dojobber-sat",
    "dojobber-chg",
    "floor-chg",
    #[cfg(feature = "peers")]
    "dagx",
    #[cfg(feature = "peers")]
    "meridian",
    #[cfg(feature = "peers")]
    "shred",
];

/// The contender of this name on so many threads. What has to be compiled goes into `dir`.
///
/// # Errors
///
/// If there is no such contender, or what it needs is not installed.
pub fn contender(name: &str, threads: usize, dir: &Path) -> Result<Box<dyn Contender>, String> {
    let onetbb = |edges, work| Ok::<_, String>(OneTbb::new(onetbb::compile(dir)?, threads, edges, work));
    Ok(match name {
        "onetbb" => Box::new(onetbb(Edges::Forwards, Nodes::Plain)?),
        "onetbb-backwards" => Box::new(onetbb(Edges::Backwards, Nodes::Plain)?),
        "onetbb-chg" => Box::new(onetbb(Edges::Forwards, Nodes::Recorded)?),
        "dojobber-sat" => Box::new(Dojobber::new(Mode::Satisfied, threads)),
        "dojobber-chg" => Box::new(Dojobber::new(Mode::Changed, threads)),
        "floor-chg" => Box::new(floor::Floor),
        "rayon" => Box::new(rayon_scope::RayonScope::new(threads)),
        #[cfg(feature = "peers")]
        "dagx" => Box::new(dagx::Dagx::new(threads)),
        #[cfg(feature = "peers")]
        "meridian" => Box::new(meridian::Meridian::new(threads)),
        #[cfg(feature = "peers")]
        "shred" => Box::new(shred::Shred::new(threads)),
        _ => return Err(format!("this build has only {}; feature `peers` adds crates", NAMES.join(", "))),
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Contender, NAMES, Serial, contender};
    use crate::body::{Body, Trace};
    use crate::load::Load;
    use crate::shapes::Shape;

    /// Runs all shapes and checks the order; returns those that the contender cannot run.
    #[track_caller]
    fn check(contender: &mut dyn Contender) -> Vec<Shape> {
        let cannot = |shape: &Shape| {
            let mut load = Load::new(shape.edges(100), Body::Empty);
            load.rounds = 2;
            let trace = Trace::leaked(load.deps.tasks());
            load.works.iter_mut().for_each(|work| work.trace = Some(trace));
            if contender.sample(&load).is_none() {
                return true;
            }
            trace.check(&load.deps);
            false
        };
        Shape::ALL.into_iter().filter(cannot).collect()
    }

    #[test]
    fn every_contender_keeps_the_order() {
        for &name in NAMES.iter().filter(|name| !name.starts_with("onetbb")) {
            for threads in 1..=3 {
                let cannot = check(&mut *contender(name, threads, Path::new("")).unwrap());
                let expected: &[Shape] = if name == "dagx" { &[Shape::Fan] } else { &[] };
                assert_eq!(cannot, expected, "{name}, {threads} threads");
            }
        }
        assert_eq!(check(&mut Serial), []);
    }

    /// Needs a C++ compiler and Debian's libtbb-dev; says so where they are missing.
    #[test]
    #[expect(clippy::print_stdout, reason = "a test that cannot be made says so")]
    fn onetbb_keeps_the_order() {
        let dir = std::env::temp_dir().join(format!("dojobber-benches-{}", std::process::id()));
        for name in ["onetbb", "onetbb-backwards", "onetbb-chg"] {
            for threads in 1..=3 {
                match contender(name, threads, &dir) {
                    Ok(mut onetbb) => assert_eq!(check(&mut *onetbb), [], "{name}, {threads} threads"),
                    Err(why) => println!("skipped {name}: {why}"),
                }
            }
        }
        _ = std::fs::remove_dir_all(dir);
    }

    #[test]
    fn an_unknown_contender_is_told_the_known_ones() {
        let error = contender("nobody", 1, Path::new("")).err().unwrap();
        assert!(error.contains("onetbb, onetbb-backwards, onetbb-chg, rayon"), "{error}");
    }
}
