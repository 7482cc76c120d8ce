//! A spool on a disk that is full: with units on Slurm, and with units that are processes.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::site::Site;
use crate::support::{Engine, World};

/// There is one small disk.
static DISK: Mutex<()> = Mutex::new(());

/// Fills the disk up to its last byte.
fn fill(disk: &Path) -> PathBuf {
    let path = disk.join("ballast");
    let mut ballast = File::create(&path).unwrap();
    let mut block: &[u8] = &[0; 1 << 20];
    while !block.is_empty() {
        match ballast.write(block) {
            Ok(_) => {}
            Err(_) => block = &block[..block.len() / 2], // the rest is smaller
        }
    }
    path
}

#[track_caller]
fn check(engine: Engine, options: &[&str]) {
    let _one = DISK.lock().unwrap_or_else(PoisonError::into_inner);
    let disk = Site::here().small_disk();
    let world = World::of(engine).with_spool(disk.join(format!("{engine:?}")));
    let ballast = fill(&disk);
    let told = world.run(&[options, &["jobs=2"]].concat());
    let is_told = told.err.contains("cannot be used: No space left on device");
    assert!(!told.is_success && is_told, "{engine:?}: full before the start: {}", told.err);
    fs::remove_file(&ballast).unwrap();

    let child = world.spawn(&[options, &["jobs=2", "all=waits"]].concat());
    let both = |what: &'static str| {
        move |world: &World| (0..2).all(|at| world.count(&format!("{what} part{at}")) == 1)
    };
    world.wait_for("both runs", both("run"));
    let ballast = fill(&disk);
    world.go();
    world.wait_for("both runs are over", both("ran"));
    world.wait_for("units are submitted again", |world| world.told("err").contains("is submitted again"));
    fs::remove_file(&ballast).unwrap();
    let told = world.finish(child);
    assert!(told.is_success && told.out.contains("sum 10"), "{engine:?}: {}\n{}", told.out, told.err);
    for at in 0..2 {
        // what was run had no record, but its check has passed
        assert!(told.job(&format!("part{at}")).starts_with("changed 1"), "{engine:?}: {}", told.out);
        assert_eq!(world.count(&format!("run part{at}")), 1, "{engine:?}: {:?}", world.log());
    }
    fs::remove_dir_all(world.spool()).unwrap();
}

#[test]
fn a_full_disk_costs_time_and_nothing_else() {
    check(Engine::Slurm, &[]);
    check(Engine::Slurm, &["pilots=1", "workers=2"]);
    check(Engine::Processes, &[]);
}
