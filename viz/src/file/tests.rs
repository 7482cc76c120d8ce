use super::*;
use std::thread;

/// Everything in a folder, by name.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = entries.map(|name| name.to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Writes to a name in a folder that was prepared, and expects the new content there and no file beside.
#[track_caller]
fn check(name: &str, prepare: impl FnOnce(&Path), expected: &[&str], also: impl FnOnce(&Path)) {
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    write_whole(&folder.path().join(name), b"new").unwrap();
    assert_eq!(fs::read(folder.path().join(name)).unwrap(), b"new");
    assert_eq!(names(folder.path()), expected);
    also(folder.path());
}

#[track_caller]
fn check_error(name: &str, prepare: impl FnOnce(&Path), expected: &str, left: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    let error = write_whole(&folder.path().join(name), b"new").unwrap_err();
    let path = folder.path().join(name);
    assert_eq!(error.to_string(), format!("cannot write {}", path.display()));
    assert!(format!("{error:?}").starts_with(&format!("{error}: {expected}")), "{error:?}");
    assert_eq!(names(folder.path()), left);
}

fn file(name: &'static str) -> impl Fn(&Path) {
    move |folder| fs::write(folder.join(name), "an older and longer text").unwrap()
}

#[test]
fn files_come_to_be_and_are_replaced() {
    check("a.svg", |_| (), &["a.svg"], |_| ());
    check("a.svg", file("a.svg"), &["a.svg"], |_| ());
}

#[test]
fn names_may_be_as_long_as_names_can_be() {
    let name = "n".repeat(255);
    check(&name, |_| (), &[&name], |_| ());
    let name = format!("{}.svg", "n".repeat(251));
    check(&name, |folder| fs::write(folder.join(&name), "old").unwrap(), &[&name], |_| ());
}

#[test]
fn what_cannot_be_written_is_said_and_nothing_is_left() {
    check_error("a", |folder| fs::create_dir(folder.join("a")).unwrap(), "is a directory", &["a"]);
    check_error("none/a", |_| (), "No such file or directory", &[]);
    check_error("a/b", file("a"), "Not a directory", &["a"]);
    let name = "n".repeat(256);
    check_error(&name, |_| (), "File name too long", &[]);
}

#[test]
fn many_threads_write_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.svg");
    let contents: Vec<String> = (0..8).map(|thread| thread.to_string().repeat(100_000)).collect();
    thread::scope(|scope| {
        for content in &contents {
            let path = &path;
            scope.spawn(move || (0..20).for_each(|_| write_whole(path, content.as_bytes()).unwrap()));
        }
    });
    assert!(contents.contains(&fs::read_to_string(&path).unwrap()), "one of them, and whole");
    assert_eq!(names(folder.path()), ["a.svg"]);
}

#[test]
fn what_others_left_beside_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.svg");
    // as an earlier process with the same number may have left it
    let next = Beside::create(&path).unwrap();
    let last = next.path.file_name().unwrap().to_string_lossy().into_owned();
    let number: u64 = last.rsplit_once('-').unwrap().1.trim_end_matches(".tmp").parse().unwrap();
    drop(next);
    let taken = format!(".{}-{}.tmp", process::id(), number + 1);
    fs::write(folder.path().join(&taken), "of somebody else").unwrap();
    write_whole(&path, b"new").unwrap();
    assert_eq!(fs::read_to_string(folder.path().join(taken)).unwrap(), "of somebody else");
    assert_eq!(fs::read(&path).unwrap(), b"new");
}

#[cfg(unix)]
mod on_unix {
    use super::*;
    use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _, symlink};

    #[track_caller]
    fn check_mode(mode: u32) {
        let prepare = |folder: &Path| {
            fs::write(folder.join("a.svg"), "old").unwrap();
            fs::set_permissions(folder.join("a.svg"), fs::Permissions::from_mode(mode)).unwrap();
        };
        check("a.svg", prepare, &["a.svg"], |folder| {
            assert_eq!(fs::metadata(folder.join("a.svg")).unwrap().mode() & 0o7777, mode);
        });
    }

    #[test]
    fn the_mode_of_a_file_is_kept() {
        [0o600, 0o640, 0o666, 0o755].into_iter().for_each(check_mode);
    }

    #[test]
    fn a_file_that_may_not_be_written_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.svg");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
        // the superuser may write it all the same
        let may = OpenOptions::new().write(true).open(&path).is_ok();
        assert_eq!(write_whole(&path, b"new").is_ok(), may);
        assert_eq!(fs::read(&path).unwrap(), if may { b"new" } else { b"old" });
        assert_eq!(names(folder.path()), ["a.svg"]);
    }

    #[test]
    fn links_stay_links() {
        let linked = |to: &'static str| {
            move |folder: &Path| {
                fs::create_dir(folder.join("sub")).unwrap();
                symlink(to, folder.join("link")).unwrap();
            }
        };
        let is_link =
            |folder: &Path| assert!(fs::symlink_metadata(folder.join("link")).unwrap().is_symlink());
        check("link", linked("a.svg"), &["a.svg", "link", "sub"], is_link);
        check("link", linked("sub/a.svg"), &["link", "sub"], is_link);
        let both = |folder: &Path| {
            linked("sub/second")(folder);
            symlink("../a.svg", folder.join("sub/second")).unwrap();
            fs::write(folder.join("a.svg"), "old").unwrap();
        };
        check("link", both, &["a.svg", "link", "sub"], is_link);
        let cycle = |folder: &Path| symlink("a", folder.join("a")).unwrap();
        check_error("a", cycle, "", &["a"]);
    }

    #[test]
    fn other_names_of_a_file_stay_its_names() {
        let prepare = |folder: &Path| {
            fs::write(folder.join("a.svg"), "old").unwrap();
            fs::hard_link(folder.join("a.svg"), folder.join("b.svg")).unwrap();
        };
        check("a.svg", prepare, &["a.svg", "b.svg"], |folder| {
            assert_eq!(fs::read(folder.join("b.svg")).unwrap(), b"new");
        });
    }

    #[test]
    fn where_there_is_no_room_for_another_name_it_is_written_in_place() {
        let folder = tempfile::tempdir().unwrap();
        let mut deep = folder.path().to_owned();
        // a path may have 4,095 bytes: one more name fits, but only a very short one
        while deep.as_os_str().len() + 2 < 4_090 {
            deep.push("d".repeat((4_089 - deep.as_os_str().len() - 1).min(200)));
        }
        fs::create_dir_all(&deep).unwrap();
        let path = deep.join("a");
        for content in ["first", "2"] {
            write_whole(&path, content.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
        assert_eq!(names(&deep), ["a"]);
    }

    #[test]
    fn devices_and_pipes_are_written_to() {
        assert_eq!(target(Path::new("/dev/null")), Target::Device);
        write_whole(Path::new("/dev/null"), b"new").unwrap();
        assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());

        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        let made = process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.is_ok_and(|status| status.success()), "mkfifo is a part of every Unix");
        let reader = thread::spawn({
            let pipe = pipe.clone();
            move || fs::read(pipe).unwrap()
        });
        write_whole(&pipe, b"new").unwrap();
        assert_eq!(reader.join().unwrap(), b"new");
        assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
    }

    #[test]
    fn open_files_are_written_to_even_without_a_name() {
        for stream in ["/dev/stdin", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/2", "/proc/1/fd/0"] {
            assert!(is_open_file(Path::new(stream)), "{stream}");
        }
        for file in ["/dev/null", "/dev/folder/stdin", "/proc/version", "stdin", "folder/dev/stdin"] {
            assert!(!is_open_file(Path::new(file)), "{file}");
        }
        #[cfg(target_os = "linux")]
        {
            use std::io::{Read as _, Seek as _};
            use std::os::fd::AsRawFd as _;
            let mut file = tempfile::tempfile().unwrap();
            let name = format!("/proc/self/fd/{}", file.as_raw_fd());
            ["one", "two"].iter().for_each(|text| write_whole(Path::new(&name), text.as_bytes()).unwrap());
            let mut text = String::new();
            file.rewind().unwrap();
            file.read_to_string(&mut text).unwrap();
            assert_eq!(text, "onetwo"); // what was there stays
        }
    }
}
