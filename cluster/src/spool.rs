//! The folder on the shared file system through which a coordinator and its units talk.
//!
//! ```text
//! SPOOL/lock              held by the coordinator; says who that is
//! SPOOL/run               the name of the last run
//! SPOOL/RUN/run.json      which run it is: digest, build, arguments, directory
//! SPOOL/RUN/graph         the lines whose digest it is
//! SPOOL/RUN/program       a copy of the binary: what units start
//! SPOOL/RUN/order/bB.I    what unit I of submission B is to do; without it the unit is given up
//! SPOOL/RUN/began/bB.I    how far it is
//! SPOOL/RUN/out/U         the record of unit U; the first one stays
//! SPOOL/RUN/value/..      outputs that are large
//! SPOOL/RUN/new/U         a hint that there is a record: losing one loses nothing
//! SPOOL/RUN/log/bB.I.log  what the unit has printed
//! SPOOL/RUN/ready/..      units that wait for a pilot; `held`, `over` and `cancel` have what becomes of them
//! SPOOL/RUN/ended         closes the run
//! ```

mod unit_name;
mod files;
mod run_folder;
mod claims;
mod lock;

pub(crate) use claims::{Claims, Held, HowEnded, Open};
pub(crate) use files::{
    Began, Order, Record, RecordedJob, RecordedLost, RecordedPhase, RecordedSaid, RunFile, VERSION, Value,
};
pub(crate) use lock::lock;
pub(crate) use run_folder::{RunFolder, open};
pub(crate) use unit_name::{UnitKind, UnitName};

use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

/// The exit code of a unit that does not find its order.
pub(crate) const NO_ORDER: i32 = 65;
/// The exit code of a unit that cannot write its record.
pub(crate) const CANNOT_WRITE: i32 = 66;

/// The exit code of a unit that was ended by TERM.
pub(crate) const ENDED: i32 = 143;

/// The time of this machine, in milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// What stands for this machine, from its start to its end.
pub(crate) fn boot() -> Option<String> {
    static BOOT: OnceLock<Option<String>> = OnceLock::new();
    let ask = || Some(std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?.trim().to_owned());
    BOOT.get_or_init(ask).clone()
}

/// The name of this machine.
pub(crate) fn host() -> String {
    static NAME: OnceLock<String> = OnceLock::new();
    let ask = || {
        let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let name = name.trim();
        if name.is_empty() { "here".to_owned() } else { name.to_owned() }
    };
    NAME.get_or_init(ask).clone()
}
