//! A program in a terminal: wait for text, type, read until it ends.

use std::ffi::OsString;
use std::io::{Read as _, Write};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// How long a program may stay silent before the test fails. No test measures time; this only ends a test that hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running program with its terminal.
pub(crate) struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    keyboard: Box<dyn Write + Send>,
    screen: Arc<Screen>,
    /// How much of the screen [`wait_for`](Terminal::wait_for) has passed.
    seen: usize,
    // Kept open until the program has ended.
    _master: Box<dyn MasterPty + Send>,
}

#[derive(Default)]
struct Screen {
    state: Mutex<(Vec<u8>, bool)>,
    changed: Condvar,
}

/// What a program left on its terminal.
pub(crate) struct Ending {
    /// Its exit code; a program ended by SIGINT has 130, as shells say.
    pub(crate) code: u32,
    /// Everything shown, typed lines included, with plain line ends.
    pub(crate) text: String,
}

impl Terminal {
    /// Starts `program` in a terminal of 100 columns.
    pub(crate) fn start(program: &str, arguments: &[String], dir: &Path, environment: &[(String, OsString)]) -> Self {
        let size = PtySize { rows: 40, cols: 100, ..PtySize::default() };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.cwd(dir);
        command.env_clear();
        for (name, value) in environment {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        // The reader ends only when nobody else holds the slave.
        drop(pair.slave);
        let screen = Arc::new(Screen::default());
        let mut reader = pair.master.try_clone_reader().unwrap();
        let target = Arc::clone(&screen);
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            loop {
                let read = reader.read(&mut buffer).unwrap_or(0);
                let mut state = target.state.lock().unwrap();
                state.0.extend_from_slice(&buffer[..read]);
                state.1 = read == 0;
                target.changed.notify_all();
                if read == 0 {
                    return;
                }
            }
        });
        let keyboard = pair.master.take_writer().unwrap();
        Self { child, keyboard, screen, seen: 0, _master: pair.master }
    }

    /// Waits until `text` is shown, below what was waited for before.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, text: &str) {
        let seen = self.seen;
        let found = self.screen.wait(|bytes| {
            let shown = bytes.get(seen..).unwrap_or_default();
            shown.windows(text.len()).position(|window| window == text.as_bytes())
        });
        match found {
            Some(position) => self.seen += position + text.len(),
            None => panic!("`{text}` was not shown:\n{}", self.screen.text()),
        }
    }

    /// Types a line.
    pub(crate) fn type_line(&mut self, line: &str) {
        self.press(&format!("{line}\r"));
    }

    /// Presses keys.
    pub(crate) fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
    }

    /// Waits for the program's end.
    #[track_caller]
    pub(crate) fn finish(mut self) -> Ending {
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if Instant::now() > deadline {
                let _ = self.child.kill();
                panic!("the program did not end:\n{}", self.screen.text());
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        self.screen.wait_for_end();
        let code = match status.signal() {
            Some(name) if name.starts_with("Interrupt") => 130,
            Some(name) => panic!("ended by {name}:\n{}", self.screen.text()),
            None => status.exit_code(),
        };
        Ending { code, text: self.screen.text() }
    }
}

impl Screen {
    /// Waits until `find` finds something; `None` when the program ended or went silent first.
    fn wait(&self, find: impl Fn(&[u8]) -> Option<usize>) -> Option<usize> {
        let mut state = self.state.lock().unwrap();
        loop {
            if let Some(found) = find(&state.0) {
                return Some(found);
            }
            if state.1 {
                return None;
            }
            let (next, waited) = self.changed.wait_timeout(state, PATIENCE).unwrap();
            if waited.timed_out() {
                return None;
            }
            state = next;
        }
    }

    /// What a program wrote last may arrive after its end.
    fn wait_for_end(&self) {
        self.wait(|_| None);
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.state.lock().unwrap().0).replace("\r\n", "\n")
    }
}
