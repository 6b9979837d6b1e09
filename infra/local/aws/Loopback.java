import java.lang.reflect.Field;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import software.amazon.dynamodb.services.local.main.ServerRunner;
import software.amazon.dynamodb.services.local.server.DynamoDBProxyServer;

/**
 * Starts DynamoDB Local where only this machine reaches it, and ends with whoever started it.
 *
 * The engine's own main class can be told a port and no address: it listens on every interface, without
 * credentials. This one binds 127.0.0.1 on a port that the system chooses, prints it as "listening PORT",
 * and exits when its standard input closes, so that it outlives no parent, however that one died.
 */
public final class Loopback {
    public static void main(String[] arguments) throws Exception {
        DynamoDBProxyServer engine = ServerRunner.createServerFromCommandLineArgs(arguments);
        Field jetty = DynamoDBProxyServer.class.getDeclaredField("server");
        jetty.setAccessible(true);
        ServerConnector door = (ServerConnector) ((Server) jetty.get(engine)).getConnectors()[0];
        door.setHost("127.0.0.1");
        door.setPort(0);
        engine.start();
        System.out.println("listening " + door.getLocalPort());
        while (System.in.read() >= 0) {
            // Nothing is ever sent: only the end of the stream is waited for.
        }
        engine.stop();
        System.exit(0);
    }
}
