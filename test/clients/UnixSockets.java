// Lets pgjdbc connect to a server that listens on a unix socket only: ?socketFactory=UnixSockets&socketFactoryArg=PATH

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import javax.net.SocketFactory;

public class UnixSockets extends SocketFactory {
	private final String path;

	public UnixSockets(String path) {
		this.path = path;
	}

	@Override
	public Socket createSocket() {
		return new UnixSocket(path);
	}

	@Override
	public Socket createSocket(String host, int port) {
		throw new UnsupportedOperationException();
	}

	@Override
	public Socket createSocket(String host, int port, InetAddress from, int fromPort) {
		throw new UnsupportedOperationException();
	}

	@Override
	public Socket createSocket(InetAddress host, int port) {
		throw new UnsupportedOperationException();
	}

	@Override
	public Socket createSocket(InetAddress host, int port, InetAddress from, int fromPort) {
		throw new UnsupportedOperationException();
	}

	// what pgjdbc asks of a socket; options of TCP go to the unused one below and do nothing
	private static class UnixSocket extends Socket {
		private final String path;
		private SocketChannel channel;

		UnixSocket(String path) {
			this.path = path;
		}

		@Override
		public void connect(SocketAddress ignored, int timeout) throws IOException {
			channel = SocketChannel.open(UnixDomainSocketAddress.of(path));
		}

		@Override
		public boolean isConnected() {
			return channel != null;
		}

		@Override
		public InputStream getInputStream() {
			return Channels.newInputStream(channel);
		}

		@Override
		public OutputStream getOutputStream() {
			return Channels.newOutputStream(channel);
		}

		@Override
		public boolean isClosed() {
			return channel != null && !channel.isOpen();
		}

		@Override
		public void close() throws IOException {
			channel.close();
			super.close();
		}
	}
}
