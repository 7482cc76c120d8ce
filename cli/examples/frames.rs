//! Renders the frames of a film, each wherever there is room for it: here, in processes, or on the nodes of a cluster.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use dojobber::{Graph, Key};
use dojobber_cli::ClusterArgs;
use dojobber_cluster::Slurm;

/// Render a film
#[derive(Parser)]
struct Args {
    /// Where the frames are to be: a folder that all machines see
    #[arg(long, default_value = ".")]
    film: PathBuf,
    /// How many frames it has
    #[arg(long, default_value_t = 4)]
    frames: usize,
    /// How long a frame takes, in milliseconds
    #[arg(long, default_value_t = 0)]
    millis: u64,
    #[command(flatten)]
    run: ClusterArgs,
}

/// What is seen, as it goes to each frame.
const SCENE: Key<String> = Key::new("scene").portable();

#[rustfmt::skip]
fn main() -> ExitCode {
    let args = dojobber_cli::parse::<Args>();
    let cluster = args.run.cluster(Slurm::new().pilots(2)).agree_on(&args.film);
    let file = |frame: usize| args.film.join(format!("frame-{frame}.txt"));
    let draft = |frame: usize| args.film.join(format!("draft-{frame}.txt"));

    let plan = Graph::new()
        .job(SCENE).run_only(|_| Ok("a boat on the sea".to_owned())) // here
        .each(0..args.frames, |graph, frame| graph
            .job(format!("frame {frame}")).after(SCENE).before("film").on(cluster.needs().time(Duration::from_secs(600)))
                .cleanup(move |_| { let _ = fs::remove_file(draft(frame)); })
                .check(move |_| file(frame).exists())
                .run(move |cx| {
                    fs::write(draft(frame), cx.output(SCENE)?)?;
                    cx.sleep(Duration::from_millis(args.millis))?;
                    Ok(fs::copy(draft(frame), file(frame))?)
                }))
        .job("film").check_only(|_| (0..args.frames).all(|frame| file(frame).exists())) // here again
        .compile();

    args.run.main(&cluster, plan, ())
}
