//! Drives an installed Chromium through its own protocol: JSON over two pipes, so nothing listens on any port.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

/// The names under which Chromium is installed.
const PROGRAMS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
/// Chromium reads commands from its descriptor 3 and writes answers to 4; the shell connects them with the pipes that
/// we have. What hangs is ended after a while, and the test fails as its pipe is closed.
const SCRIPT: &str = "exec timeout -k 5 240 \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>/dev/null";
const FLAGS: [&str; 14] = [
    "--headless",
    "--remote-debugging-pipe",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--hide-scrollbars",
    "--window-size=1400,900",
];

/// A browser with one page.
pub(super) struct Browser {
    child: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
    number: u64,
    session: Option<String>,
    events: Vec<Value>,
    /// Its profile, and the page.
    folder: TempDir,
}

impl Browser {
    /// Starts one, if there is any.
    pub(super) fn start() -> Option<Self> {
        let exists = |program: &&&str| {
            Command::new(program)
                .arg("--version")
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .is_ok()
        };
        let program = PROGRAMS.iter().find(exists)?;
        let folder = tempfile::tempdir().expect("a folder for the profile");
        let mut child = Command::new("sh")
            .args(["-c", SCRIPT, "sh", program])
            .args(FLAGS)
            .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell starts it");
        let commands = child.stdin.take().expect("it is piped");
        let answers = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut browser =
            Browser { child, commands, answers, number: 0, session: None, events: Vec::new(), folder };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" }));
        let to = json!({ "targetId": target["targetId"], "flatten": true });
        let session = browser.call("Target.attachToTarget", to);
        browser.session = session["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page.enable", "Runtime.enable", "Log.enable"] {
            browser.call(domain, json!({}));
        }
        Some(browser)
    }

    /// Opens the page and waits until it is there.
    pub(super) fn show(&mut self, html: &str) {
        let file = self.folder.path().join("page.html");
        std::fs::write(&file, html).expect("the page is written");
        self.events.retain(|event| event["method"] != "Page.loadEventFired");
        self.call("Page.navigate", json!({ "url": format!("file://{}", file.display()) }));
        while !self.events.iter().any(|event| event["method"] == "Page.loadEventFired") {
            let event = self.read();
            self.events.push(event);
        }
    }

    /// Lets the page load a script, and waits for it.
    pub(super) fn load(&mut self, script: &std::path::Path) {
        let text = std::fs::read_to_string(script).expect("the script can be read");
        self.call("Runtime.evaluate", json!({ "expression": text }));
    }

    /// What a script comes to in the end.
    pub(super) fn wait_for(&mut self, script: &str) -> Value {
        let wanted = json!({ "expression": script, "returnByValue": true, "awaitPromise": true });
        let result = self.call("Runtime.evaluate", wanted);
        assert!(result.get("exceptionDetails").is_none(), "{script}: {result}");
        result["result"]["value"].clone()
    }

    /// What a script comes to.
    pub(super) fn eval(&mut self, script: &str) -> Value {
        let result = self.call("Runtime.evaluate", json!({ "expression": script, "returnByValue": true }));
        assert!(result.get("exceptionDetails").is_none(), "{script}: {result}");
        result["result"]["value"].clone()
    }

    /// The text of an element.
    pub(super) fn text(&mut self, selector: &str) -> String {
        let text = self.eval(&format!("document.querySelector({}).textContent", json!(selector)));
        text.as_str().expect("text is text").to_owned()
    }

    /// Begins to count what the page's own thread does.
    pub(super) fn measure(&mut self) {
        self.call("Performance.enable", json!({ "timeDomain": "threadTicks" }));
    }

    /// What it has counted so far.
    pub(super) fn metrics(&mut self) -> Vec<Value> {
        let metrics = self.call("Performance.getMetrics", json!({}));
        metrics["metrics"].as_array().cloned().unwrap_or_default()
    }

    pub(super) fn move_to(&mut self, place: (f64, f64)) {
        self.mouse("mouseMoved", place, json!({}));
    }

    pub(super) fn click(&mut self, place: (f64, f64)) {
        self.move_to(place);
        for kind in ["mousePressed", "mouseReleased"] {
            self.mouse(kind, place, json!({ "button": "left", "clickCount": 1 }));
        }
    }

    pub(super) fn drag(&mut self, from: (f64, f64), to: (f64, f64)) {
        let left = json!({ "button": "left", "buttons": 1, "clickCount": 1 });
        self.move_to(from);
        self.mouse("mousePressed", from, left.clone());
        self.mouse("mouseMoved", to, left.clone());
        self.mouse("mouseReleased", to, left);
    }

    pub(super) fn wheel(&mut self, place: (f64, f64), by: f64) {
        self.mouse("mouseWheel", place, json!({ "deltaX": 0, "deltaY": by }));
    }

    /// Two fingers on the screen, from two places to two others, in a few steps.
    pub(super) fn pinch(&mut self, from: [(f64, f64); 2], to: [(f64, f64); 2]) {
        const STEPS: u32 = 4;
        for step in 0..=STEPS {
            let share = f64::from(step) / f64::from(STEPS);
            let at = |a: f64, b: f64| a + (b - a) * share;
            let point = |finger: usize| {
                let (from, to) = (from[finger], to[finger]);
                json!({ "id": finger, "x": at(from.0, to.0), "y": at(from.1, to.1) })
            };
            let kind = if step == 0 { "touchStart" } else { "touchMove" };
            self.touch(kind, &[point(0), point(1)]);
        }
        self.touch("touchEnd", &[]);
    }

    /// One finger on the screen, for a moment.
    pub(super) fn tap(&mut self, (x, y): (f64, f64)) {
        self.touch("touchStart", &[json!({ "x": x, "y": y })]);
        self.touch("touchEnd", &[]);
    }

    fn touch(&mut self, kind: &str, points: &[Value]) {
        self.call("Input.dispatchTouchEvent", json!({ "type": kind, "touchPoints": points }));
    }

    pub(super) fn write(&mut self, text: &str) {
        self.call("Input.insertText", json!({ "text": text }));
    }

    pub(super) fn press(&mut self, key: &str) {
        for kind in ["keyDown", "keyUp"] {
            self.call("Input.dispatchKeyEvent", json!({ "type": kind, "key": key }));
        }
    }

    /// Shows the page as it is printed.
    pub(super) fn on_paper(&mut self) {
        self.call("Emulation.setEmulatedMedia", json!({ "media": "print" }));
    }

    /// Whether the page is shown to those who prefer a dark background, or a light one.
    pub(super) fn prefers_dark(&mut self, yes: bool) {
        let scheme = if yes { "dark" } else { "light" };
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.call("Emulation.setEmulatedMedia", json!({ "features": features }));
    }

    /// What is seen of the page, as PNG.
    pub(super) fn screenshot(&mut self) -> Vec<u8> {
        let shot = self.call("Page.captureScreenshot", json!({ "format": "png" }));
        from_base64(shot["data"].as_str().expect("text"))
    }

    /// Makes the window so many points wide.
    pub(super) fn resize(&mut self, width: u32) {
        let size = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", size);
    }

    /// All that the page complained about, or was complained about, so far.
    pub(super) fn errors(&mut self) -> Vec<String> {
        let is_error = |event: &&Value| match event["method"].as_str() {
            Some("Runtime.exceptionThrown") => true,
            Some("Runtime.consoleAPICalled") => event["params"]["type"] != "log",
            Some("Log.entryAdded") => event["params"]["entry"]["level"] == "error",
            _ => false,
        };
        self.events.iter().filter(is_error).map(Value::to_string).collect()
    }

    fn mouse(&mut self, kind: &str, (x, y): (f64, f64), more: Value) {
        let mut event = json!({ "type": kind, "x": x, "y": y });
        let more = more.as_object().cloned().unwrap_or_default();
        event.as_object_mut().expect("an object").extend(more);
        self.call("Input.dispatchMouseEvent", event);
    }

    /// Sends a command and waits for its answer; what happens meanwhile is kept.
    fn call(&mut self, method: &str, params: Value) -> Value {
        self.number += 1;
        let mut command = json!({ "id": self.number, "method": method, "params": params });
        if let Some(session) = &self.session {
            command["sessionId"] = json!(session);
        }
        self.commands.write_all(format!("{command}\0").as_bytes()).expect("the browser listens");
        self.commands.flush().expect("the browser listens");
        loop {
            let message = self.read();
            if message["id"] == self.number {
                assert!(message.get("error").is_none(), "{method}: {message}");
                return message["result"].clone();
            }
            self.events.push(message);
        }
    }

    fn read(&mut self) -> Value {
        let mut message = Vec::new();
        self.answers.read_until(0, &mut message).expect("the browser answers");
        assert_eq!(message.pop(), Some(0), "the browser has gone");
        serde_json::from_slice(&message).expect("the browser speaks JSON")
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let close = json!({ "id": 0, "method": "Browser.close" });
        let _ = self.commands.write_all(format!("{close}\0").as_bytes());
        // when it has closed its end, it is gone
        let _ = std::io::copy(&mut self.answers, &mut std::io::sink());
        let _ = self.child.wait();
    }
}

/// Four letters are three bytes, each letter six bits of them.
fn from_base64(text: &str) -> Vec<u8> {
    const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut held) = (0_u32, 0);
    for letter in text.bytes().filter(|letter| *letter != b'=') {
        let value = LETTERS.bytes().position(|one| one == letter).expect("a letter of base64");
        (bits, held) = (bits << 6 | value as u32, held + 6);
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    bytes
}
