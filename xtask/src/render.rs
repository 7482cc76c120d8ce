//! `cargo xtask render`: pictures of a saved report, or of the movie example.

use std::path::{Path, PathBuf};

use anyhow::Result;
use dojobber_viz::Picture;
use dojobber_viz::cli::{OutputArgs, read_report};

use crate::docs;
use crate::movie::watch_movie;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// A saved report: the JSON of a run's `report()` [default: the movie example is run, and drawn to movie.svg and
    /// movie.dot]
    #[arg(value_name = "RUN.json")]
    report: Option<PathBuf>,
    /// Draw the pictures of the README and the docs anew
    #[arg(long, exclusive = true)]
    docs: bool,
    #[command(flatten)]
    output: OutputArgs,
}

pub(crate) fn run(root: &Path, args: &Args) -> Result<()> {
    if args.docs {
        docs::write(root)?.iter().for_each(|file| println!("{file}"));
        return Ok(());
    }
    let (report, name) = match &args.report {
        Some(path) => (read_report(path)?, path.as_path()),
        None => (watch_movie(2)?, Path::new("movie")),
    };
    let written = args.output.write(&Picture::from_report(&report), name)?;
    written.notes.iter().for_each(|note| eprintln!("warning: {note}"));
    written.files.iter().for_each(|file| println!("{}", file.display()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use dojobber_benches::quality::metrics::measure;
    use dojobber_benches::quality::picture;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        args: Args,
    }

    #[test]
    fn the_movie_as_it_is_written_has_no_crossing_and_no_overlap() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("movie.svg");
        let program = Program::parse_from(["render", "-o", file.to_str().unwrap()]);
        run(folder.path(), &program.args).unwrap();
        let picture = picture::Picture::read(&std::fs::read_to_string(file).unwrap()).unwrap();
        assert_eq!((picture.nodes.len(), picture.edges.len()), (20, 23));
        let metrics = measure(&picture);
        assert_eq!(
            (metrics.crossings, metrics.sibling_crossings, metrics.through, metrics.overlaps),
            (0, 0, 0, 0)
        );
        // `dot` has 1779 with ellipses of the same sizes
        assert!(metrics.length < 1.05 * 1779.0, "its edges have a length of {}", metrics.length);
    }
}
