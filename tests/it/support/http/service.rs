//! A port that answers, and can fall silent.

use std::collections::HashMap;
use std::fmt;
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use super::{Answer, Request};

type Handler = dyn Fn(&Request) -> Answer + Send + Sync;

/// A server on a port of its own at 127.0.0.1, which can be stopped and started again on the same port.
pub struct Service {
    port: u16,
    handler: Arc<Handler>,
    running: Option<Running>,
}

struct Running {
    stop: Arc<AtomicBool>,
    open: Arc<Mutex<HashMap<u64, TcpStream>>>,
    accepting: JoinHandle<()>,
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Service {{ port: {}, running: {} }}",
            self.port,
            self.running.is_some()
        )
    }
}

impl Service {
    /// Listens on a free port; `handler` is called with that port, once, to make the function that answers.
    pub fn start<H>(handler: impl FnOnce(u16) -> H) -> Self
    where
        H: Fn(&Request) -> Answer + Send + Sync + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").expect("cannot listen on 127.0.0.1");
        let port = listener.local_addr().expect("a bound socket has an address").port();
        let mut service = Self {
            port,
            handler: Arc::new(handler(port)),
            running: None,
        };
        service.run(listener);
        service
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Closes the port and every connection that is still open. Does nothing if it is stopped.
    pub fn stop(&mut self) {
        let Some(running) = self.running.take() else { return };
        running.stop.store(true, Ordering::SeqCst);
        // `accept` has no time limit: one last connection wakes it.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        let _ = running.accepting.join();
        for stream in running.open.lock().unwrap().values() {
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
    }

    /// Listens again on the same port.
    pub fn restart(&mut self) {
        self.stop();
        for _ in 0..100 {
            if let Ok(listener) = TcpListener::bind(("127.0.0.1", self.port)) {
                return self.run(listener);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!(
            "port {} was taken by another program while the server was stopped",
            self.port
        );
    }

    fn run(&mut self, listener: TcpListener) {
        let stop = Arc::new(AtomicBool::new(false));
        let open: Arc<Mutex<HashMap<u64, TcpStream>>> = Arc::default();
        let (stopped, connections, handler) = (stop.clone(), open.clone(), self.handler.clone());
        let accepting = std::thread::spawn(move || {
            for (number, stream) in (0u64..).zip(listener.incoming()) {
                if stopped.load(Ordering::SeqCst) {
                    break;
                }
                let Ok(mut stream) = stream else { continue };
                let Ok(copy) = stream.try_clone() else { continue };
                connections.lock().unwrap().insert(number, copy);
                let (connections, handler) = (connections.clone(), handler.clone());
                // Without this the system gathers small pieces, and a slow answer comes in lumps.
                let _ = stream.set_nodelay(true);
                std::thread::spawn(move || {
                    let _ = stream.set_read_timeout(Some(Duration::from_secs(30)));
                    if let Some(request) = Request::read(&mut stream) {
                        // The other side may be gone already; that is its affair.
                        let _ = handler(&request).send(&mut stream, request.method == "HEAD");
                    }
                    let _ = stream.shutdown(std::net::Shutdown::Both);
                    connections.lock().unwrap().remove(&number);
                });
            }
        });
        self.running = Some(Running { stop, open, accepting });
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stop();
    }
}
