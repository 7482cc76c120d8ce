//! A server that says what stands in its configuration.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;

/// Serves until it is asked to quit. One that `hang`s takes connections, and answers none.
pub(crate) fn serve(port: u16, configuration: &Path, hang: bool) -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    let greeting = fs::read_to_string(configuration)?;
    for stream in listener.incoming() {
        let is_last = match stream {
            Ok(stream) if hang => {
                std::mem::forget(stream);
                false
            }
            Ok(stream) => answer(stream, &greeting).unwrap_or_default(), // who has gone wants no answer
            Err(error) => return Err(error),
        };
        if is_last {
            break;
        }
    }
    Ok(())
}

/// Answers one request, and says whether it was the last.
fn answer(stream: TcpStream, greeting: &str) -> io::Result<bool> {
    let mut request = String::new();
    BufReader::new(&stream).read_line(&mut request)?;
    let path = request.split_whitespace().nth(1).unwrap_or_default();
    let (status, body) = match path {
        "/" => ("200 OK", greeting),
        "/health" => ("200 OK", "well"),
        "/quit" => ("200 OK", "bye"),
        _ => ("404 Not Found", ""),
    };
    write!(&stream, "HTTP/1.0 {status}\r\n\r\n{body}")?;
    Ok(path == "/quit")
}
