//! A Slurm of three nodes on this machine, for as long as a command takes: in namespaces of its own, so that nothing of it
//! is left behind.

use std::ffi::OsString;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::util::{cargo, execute, this_cargo, words};

/// What Debian's slurm-wlm and munge bring.
const PROGRAMS: [&str; 4] = ["slurmctld", "slurmd", "munged", "sbatch"];

/// Where such programs stand, though the path of a user may not have that.
const SYSTEM: &str = "/usr/sbin:/sbin";

/// Tests what is executed by Slurm, where it is there.
pub(crate) fn test(root: &Path) -> Result<()> {
    if let Some(why) = why_not() {
        println!("    skipped: {why}");
        return Ok(());
    }
    // with the features that all tests are built with: they need not be built again
    cargo(root, "build --workspace --all-features --example trials")?;
    cargo(root, "test --workspace --all-features --test slurm --no-run")?;
    let mut test = vec![this_cargo().into_os_string()];
    test.extend(words("test --workspace --all-features --test slurm").map(OsString::from));
    within(root, &test)
}

/// Does a command, while there is a Slurm. `SLURM_CONF` tells the command of it, and `DOJOBBER_SLURM` where its files are.
pub(crate) fn within(root: &Path, command: &[OsString]) -> Result<()> {
    if let Some(why) = why_not() {
        anyhow::bail!("there can be no Slurm here: {why}");
    }
    let site = site()?;
    let mut up = namespace();
    up.arg("sh").arg(site.path().join("up")).args(command);
    up.env("RUST_TEST_THREADS", "8"); // tests of it mostly wait
    execute(root, up)
}

/// Why there can be none.
fn why_not() -> Option<String> {
    let path = path();
    let is_there = |program: &&str| std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    if let Some(program) = PROGRAMS.iter().find(|program| !is_there(program)) {
        return Some(format!("{program} is not there; to have it: apt-get install slurm-wlm munge"));
    }
    let mut probe = namespace();
    probe.args(words("mount -t tmpfs none /mnt")).stdout(Stdio::null()).stderr(Stdio::null());
    let is_allowed = probe.status().is_ok_and(|status| status.success());
    (!is_allowed)
        .then(|| "namespaces of processes and mounts need root, and a container with privileges".to_owned())
}

/// What is started in it sees processes and mounts of its own, and ends with the first of them.
fn namespace() -> Command {
    let mut unshare = Command::new("unshare");
    unshare.args(words("--mount --pid --fork --kill-child --mount-proc")).env("PATH", path());
    unshare
}

fn path() -> OsString {
    let mut path = std::env::var_os("PATH").unwrap_or_default();
    path.push(":");
    path.push(SYSTEM);
    path
}

/// A folder with all that such a Slurm needs.
fn site() -> Result<TempDir> {
    let folder = tempfile::Builder::new().prefix("slurm-").tempdir()?;
    let files = [
        ("up", include_str!("slurm/up.sh").to_owned()),
        ("node", include_str!("slurm/node.sh").to_owned()),
        ("controller", include_str!("slurm/controller.sh").to_owned()),
        ("slurm.conf", configuration(folder.path(), &host(), free_ports()?)),
    ];
    for (name, text) in files {
        fs::write(folder.path().join(name), text).with_context(|| format!("{name} cannot be written"))?;
    }
    Ok(folder)
}

/// The machine's name up to the first dot, as Slurm wants it.
fn host() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    name.trim().split('.').next().unwrap_or_default().to_owned()
}

/// One for the controller, and three for nodes.
fn free_ports() -> Result<[u16; 4]> {
    let mut held = Vec::new(); // all at once, so that they differ
    let mut ports = [0; 4];
    for port in &mut ports {
        let listener = TcpListener::bind("127.0.0.1:0").context("no port is free")?;
        *port = listener.local_addr()?.port();
        held.push(listener);
    }
    Ok(ports)
}

/// Quick to notice what is gone, and without limits that a few cores would set: a processor here is a slot.
fn configuration(folder: &Path, host: &str, ports: [u16; 4]) -> String {
    let folder = folder.display();
    let [controller, nodes @ ..] = ports;
    let mut text = format!(
        "\
ClusterName=trials
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.sock
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmctldLogFile={folder}/log/slurmctld.log
SlurmdLogFile={folder}/log/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SlurmctldTimeout=30
SlurmdTimeout=10
InactiveLimit=0
KillWait=3
MinJobAge=60
MaxJobCount=20000
MaxArraySize=1001
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,bf_interval=1,sched_min_interval=0,default_queue_depth=1000
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
DefMemPerCPU=100
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
CommunicationParameters=NoAddrCache,NoCtldInAddrAny,NoInAddrAny
SlurmdParameters=config_overrides
"
    );
    for (at, port) in nodes.iter().enumerate() {
        let node = at + 1;
        text.push_str(&format!(
            "NodeName=n{node} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=6 RealMemory=2000 State=UNKNOWN\n"
        ));
    }
    text.push_str("PartitionName=main Nodes=n[1-3] Default=YES MaxTime=INFINITE State=UP\n");
    text.push_str("PartitionName=two Nodes=n[1-2] MaxTime=INFINITE State=UP\n");
    text.push_str("PartitionName=down Nodes=n[1-3] MaxTime=INFINITE State=DOWN\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_names_three_nodes_with_ports_of_their_own() {
        let text = configuration(Path::new("/a"), "host", [1, 2, 3, 4]);
        let nodes: Vec<&str> = text.lines().filter(|line| line.starts_with("NodeName=")).collect();
        assert_eq!(nodes.len(), 3);
        assert!(
            nodes[2].starts_with("NodeName=n3 NodeHostname=host NodeAddr=127.0.0.1 Port=4 "),
            "{}",
            nodes[2]
        );
        assert!(text.contains("SlurmctldPort=1\n") && text.contains("SlurmdSpoolDir=/a/spool/%n\n"));
        let mut ports = free_ports().unwrap();
        ports.sort_unstable();
        assert!(ports.windows(2).all(|two| two[0] < two[1]), "{ports:?}");
    }
}
