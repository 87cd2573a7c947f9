//! Byte streams between processes: TCP, Unix sockets, and pipes within one process.

use std::{
    collections::BTreeMap,
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    pin::Pin,
    sync::{LazyLock, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use socket2::{SockRef, TcpKeepalive};
use tokio::{
    io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf},
    net::{TcpListener, TcpStream, UnixListener, UnixStream},
    sync::mpsc,
    time::timeout,
};

use crate::{Address, Error, Limits};

/// Bytes that a pipe within one process holds before its writer waits.
const PIPE_BYTES: usize = 1 << 20;
/// Streams within one process that wait to be accepted.
const PIPE_BACKLOG: usize = 128;
/// Time without traffic after which the system asks the other side's system for a sign of life.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// A connected byte stream.
pub struct Stream(Box<dyn Pipe>);

trait Pipe: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Pipe for T {}

impl Stream {
    fn tcp(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        let keepalive = TcpKeepalive::new()
            .with_time(KEEPALIVE)
            .with_interval(KEEPALIVE);
        SockRef::from(&stream).set_tcp_keepalive(&keepalive)?;
        Ok(Self(Box::new(stream)))
    }

    /// The two ends of a pipe within this process.
    pub fn pipe() -> (Self, Self) {
        let (near, far) = tokio::io::duplex(PIPE_BYTES);
        (Self(Box::new(near)), Self(Box::new(far)))
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// Connects to a listener, within the time that `limits` give.
pub async fn connect(address: &Address, limits: &Limits) -> Result<Stream, Error> {
    let attempt = timeout(limits.connect, open(address));
    attempt
        .await
        .unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut)))
        .map_err(|source| Error::Unreachable {
            address: address.clone(),
            source,
        })
}

async fn open(address: &Address) -> io::Result<Stream> {
    match address {
        Address::Tcp { host, port } => {
            Stream::tcp(TcpStream::connect((host.as_str(), *port)).await?)
        }
        Address::Unix(path) => Ok(Stream(Box::new(UnixStream::connect(path).await?))),
        Address::InProcess(name) => {
            let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
            let queue = in_process().get(name).cloned().ok_or_else(refused)?;
            let (near, far) = tokio::io::duplex(PIPE_BYTES);
            queue.send(far).await.map_err(|_| refused())?;
            Ok(Stream(Box::new(near)))
        }
    }
}

/// Accepts streams at an address.
pub struct Listener {
    address: Address,
    socket: Socket,
}

enum Socket {
    Tcp(TcpListener),
    Unix {
        listener: UnixListener,
        _file: SocketFile,
    },
    InProcess(tokio::sync::Mutex<mpsc::Receiver<DuplexStream>>),
}

impl Listener {
    /// Listens at an address. A TCP port of 0 becomes a free one, an empty in-process name a new
    /// one; see [`address`](Self::address).
    ///
    /// A Unix socket is made with mode 0600; one that a dead process left behind is replaced.
    pub async fn bind(address: &Address) -> Result<Self, Error> {
        Self::try_bind(address)
            .await
            .map_err(|source| Error::Listen {
                address: address.clone(),
                source,
            })
    }

    async fn try_bind(address: &Address) -> io::Result<Self> {
        match address {
            Address::Tcp { host, port } => {
                let socket = TcpListener::bind((host.as_str(), *port)).await?;
                let port = socket.local_addr()?.port();
                let address = Address::Tcp {
                    host: host.clone(),
                    port,
                };
                Ok(Self {
                    address,
                    socket: Socket::Tcp(socket),
                })
            }
            Address::Unix(path) => {
                let (listener, file) = bind_unix(path)?;
                Ok(Self {
                    address: address.clone(),
                    socket: Socket::Unix {
                        listener,
                        _file: file,
                    },
                })
            }
            Address::InProcess(name) => {
                let (sender, receiver) = mpsc::channel(PIPE_BACKLOG);
                let mut names = in_process();
                names.retain(|_, queue| !queue.is_closed());
                if names.contains_key(name) {
                    return Err(io::ErrorKind::AddrInUse.into());
                }
                names.insert(name.clone(), sender);
                let socket = Socket::InProcess(tokio::sync::Mutex::new(receiver));
                Ok(Self {
                    address: address.clone(),
                    socket,
                })
            }
        }
    }

    /// Where it listens, with the actual port.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The next stream.
    pub async fn accept(&self) -> io::Result<Stream> {
        match &self.socket {
            Socket::Tcp(listener) => Stream::tcp(listener.accept().await?.0),
            Socket::Unix { listener, .. } => Ok(Stream(Box::new(listener.accept().await?.0))),
            Socket::InProcess(queue) => {
                let stream = queue.lock().await.recv().await;
                stream
                    .map(|s| Stream(Box::new(s)))
                    .ok_or(io::ErrorKind::NotConnected.into())
            }
        }
    }
}

/// The listeners of this process, by name.
fn in_process() -> std::sync::MutexGuard<'static, BTreeMap<String, mpsc::Sender<DuplexStream>>> {
    static LISTENERS: LazyLock<Mutex<BTreeMap<String, mpsc::Sender<DuplexStream>>>> =
        LazyLock::new(Mutex::default);
    // A panic elsewhere leaves the map itself in order.
    LISTENERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes the socket's file when the listener goes.
struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Nothing can be done where it is gone already.
        let _ = std::fs::remove_file(&self.0);
    }
}

fn bind_unix(path: &Path) -> io::Result<(UnixListener, SocketFile)> {
    if path.exists() {
        match std::os::unix::net::UnixStream::connect(path) {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                std::fs::remove_file(path)?;
            }
            _ => return Err(io::ErrorKind::AddrInUse.into()),
        }
    }
    // Made under a private name and moved into place, so that at no moment others can connect.
    let hidden = path.with_extension(format!("{}.new", std::process::id()));
    let listener = UnixListener::bind(&hidden)?;
    let placed = std::fs::set_permissions(&hidden, std::fs::Permissions::from_mode(0o600))
        .and_then(|()| std::fs::rename(&hidden, path));
    if let Err(error) = placed {
        let _ = std::fs::remove_file(&hidden);
        return Err(error);
    }
    Ok((listener, SocketFile(path.to_owned())))
}
