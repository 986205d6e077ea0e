//! A relay that adds the round trip of a network between a function and an upstream.
//!
//! Every byte takes half of the round trip in each direction. The kernel accepts a connection immediately, so the first bytes
//! of a client wait for the round trip of the connection's set-up. The relay uses threads, because timers of the event loop
//! have a resolution of a millisecond, which is 5 % of 20 ms.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use test_support::lambda::now;

use crate::Error;

/// Starts a relay to `target`, `round_trip` away; it ends with the process.
///
/// # Errors
/// When there is no free port.
pub fn start(target: SocketAddr, round_trip: Duration) -> Result<SocketAddr, Error> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            // A connection that cannot be relayed is closed; the function reports it.
            drop(relay(client, target, round_trip));
        }
    });
    Ok(address)
}

fn relay(client: TcpStream, target: SocketAddr, round_trip: Duration) -> Result<(), Error> {
    let connected = now() + round_trip;
    let server = TcpStream::connect(target)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    pump(client.try_clone()?, server.try_clone()?, connected, round_trip / 2);
    pump(server, client, connected, round_trip / 2);
    Ok(())
}

/// Forwards bytes in one direction: none before `earliest`, each after a delay of `one_way`.
fn pump(mut from: TcpStream, mut to: TcpStream, earliest: Instant, one_way: Duration) {
    let (sender, receiver) = mpsc::channel::<(Instant, Vec<u8>)>();
    thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            let due = now().max(earliest) + one_way;
            if sender.send((due, buffer[..length].to_vec())).is_err() {
                break;
            }
        }
    });
    thread::spawn(move || {
        for (due, bytes) in receiver {
            thread::sleep(due.saturating_duration_since(now()));
            if to.write_all(&bytes).is_err() {
                break;
            }
        }
        // The other side may have closed already.
        drop(to.shutdown(Shutdown::Write));
    });
}
