//! A disk that its kernel turns read-only, as it does with one that has errors, and that is mended.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::desk::{Config, Desk, field};
use crate::lab::{self, address};
use crate::{LIMIT, customer_mail};

/// A filesystem of the test's own.
struct Volume {
    dir: PathBuf,
    /// A device in front of a file; without one (a container that has none) it lies in memory, and turns read-only only while no
    /// file in it is open for writing.
    device: Option<(String, PathBuf)>,
}

impl Volume {
    fn new(image: PathBuf, dir: PathBuf) -> Self {
        fs::File::create(&image).and_then(|file| file.set_len(40 << 20)).expect("an image");
        fs::create_dir_all(&dir).expect("a directory");
        let device = done(Command::new("mkfs.ext4").arg("-q").arg(&image))
            .and_then(|_| done(Command::new("losetup").args(["--find", "--show"]).arg(&image)));
        let volume = Self { dir, device: device.map(|name| (name.trim().to_owned(), image)) };
        volume.mount().expect("a filesystem is mounted, as root may");
        volume
    }

    fn mount(&self) -> Option<()> {
        let mut mount = Command::new("mount");
        match &self.device {
            Some((name, _)) => mount.args(["-o", "errors=remount-ro", name]),
            None => mount.args(["-t", "tmpfs", "-o", "size=40m", "tmpfs"]),
        };
        done(mount.arg(&self.dir)).map(drop)
    }

    /// What ext4 does when it finds an error.
    fn fails(&self) {
        match &self.device {
            Some((name, _)) => {
                let name = name.trim_start_matches("/dev/");
                let trigger = Path::new("/sys/fs/ext4").join(name).join("trigger_fs_error");
                fs::write(&trigger, "1").expect("the filesystem takes an error");
            }
            None => drop(done(Command::new("mount").args(["-o", "remount,ro"]).arg(&self.dir))),
        }
        assert!(fs::write(self.dir.join("probe"), "").is_err(), "it is read-only now");
    }

    /// What an operator does, with svar stopped.
    fn mend(&self) {
        let Some((_, image)) = &self.device else {
            done(Command::new("mount").args(["-o", "remount,rw"]).arg(&self.dir)).expect("writable again");
            return;
        };
        done(Command::new("umount").arg(&self.dir)).expect("nobody has a file open");
        // Exit 1: errors were corrected.
        let checked = Command::new("e2fsck").args(["-f", "-y"]).arg(image).output().expect("e2fsck");
        assert!(checked.status.code().is_some_and(|code| code < 4), "{}", words(&checked));
        self.mount().expect("mounted again");
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        // Lazily: after a test that failed a daemon may still have it open.
        done(Command::new("umount").arg("-l").arg(&self.dir));
        if let Some((name, _)) = &self.device {
            done(Command::new("losetup").args(["-d", name]));
        }
    }
}

fn done(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

fn words(output: &Output) -> String {
    [output.stdout.as_slice(), &output.stderr].concat().iter().map(|b| char::from(*b)).collect()
}

#[test]
fn a_read_only_disk_loses_nothing_and_is_said() {
    let lab = lab::shared();
    let (shop, agent) = ("kund48", "kund49");
    let desk = Desk::new(lab, Config { poll: "2s", after: "\"seen\"", ..Config::new(shop, agent) });
    let volume = Volume::new(desk.path("image"), desk.path("volume"));
    let config = fs::read_to_string(desk.path("config.toml")).expect("the configuration");
    desk.write_config(&config.replace("data_dir = \"data\"", "data_dir = \"volume/data\""));
    let ask = |id: &str| {
        let customer = format!("{id}@kund.test");
        lab.deliver(&customer, &[shop], &customer_mail(&customer, &address(shop), id, "Hej", "Var är det?"));
        lab.wait_for(shop, "INBOX", LIMIT, |m| m.contains(&format!("<{id}@kund.test>")));
    };
    let answered =
        |id: &str| lab.wait_for("alla", "INBOX", LIMIT, |m| field(m, "In-Reply-To") == format!("<{id}@kund.test>"));
    let run = |arguments: &[&str]| desk.command(arguments).output().expect("svar runs");
    let pipe = |id: &str| {
        let mut pipe = desk.command(&["deliver", "--mailbox", "support"]);
        let mut pipe = pipe.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().expect("svar runs");
        let mail = customer_mail("pipe@kund.test", &address(shop), id, "Hej", "Genom röret");
        pipe.stdin.take().expect("a pipe").write_all(&mail).expect("it takes the mail");
        pipe.wait().expect("it ends").code()
    };

    let mut daemon = desk.run();
    daemon.wait_for("ready");
    ask("writable");
    answered("writable");

    if volume.device.is_some() {
        volume.fails();
        ask("read-only");
        daemon.wait_for("nothing can be written down");
        assert_eq!(pipe("read-only-pipe"), Some(75), "the MTA keeps it");
        let health = run(&["health"]);
        assert_eq!(health.status.code(), Some(1));
        assert!(words(&health).contains("Read-only file system"), "{}", words(&health));
        // What is there can be read.
        assert_eq!(desk.json(&["tickets"]).as_array().map(Vec::len), Some(1));
        let said = daemon.stop();
        assert_eq!(said.matches("nothing can be written down").count(), 1, "{said}");
    } else {
        eprintln!("no loop device here: the disk turns read-only between two runs instead of under a running one");
        daemon.stop();
        volume.fails();
        ask("read-only");
    }

    // Nor does it begin on such a disk, or take anything.
    let start = run(&["run"]);
    assert_eq!(start.status.code(), Some(1));
    assert!(words(&start).contains("Read-only file system"), "{}", words(&start));
    assert_eq!(pipe("read-only-pipe"), Some(75));
    assert_eq!(desk.json(&["tickets"]).as_array().map(Vec::len), Some(1));

    volume.mend();
    let mut daemon = desk.run();
    answered("read-only");
    assert_eq!(pipe("read-only-pipe"), Some(0));
    answered("read-only-pipe");
    daemon.stop();
    let checked = run(&["check", "--database"]);
    assert!(checked.status.success(), "{}", words(&checked));

    // A rescue disk, a snapshot: a desk that was put away in order is read where nothing can be written at all.
    done(Command::new("mount").args(["-o", "remount,ro"]).arg(&volume.dir)).expect("nobody has a file open");
    assert_eq!(desk.json(&["tickets"]).as_array().map(Vec::len), Some(3));
    drop(volume);
}
