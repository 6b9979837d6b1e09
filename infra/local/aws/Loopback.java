import java.lang.reflect.Field;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import software.amazon.dynamodb.services.local.main.ServerRunner;
import software.amazon.dynamodb.services.local.server.DynamoDBProxyServer;

/**
 * Starts DynamoDB Local so that only this machine can reach it, and ends when its parent process ends.
 *
 * The engine's own main class has an option for the port but none for the address: it listens on every interface,
 * without credentials. This class binds 127.0.0.1 on a port that the system chooses, prints "listening PORT" and
 * exits when its standard input closes. So it ends with its parent, also if the parent is killed.
 */
public final class Loopback {
    public static void main(String[] arguments) throws Exception {
        DynamoDBProxyServer engine = ServerRunner.createServerFromCommandLineArgs(arguments);
        Field jetty = DynamoDBProxyServer.class.getDeclaredField("server");
        jetty.setAccessible(true);
        ServerConnector connector = (ServerConnector) ((Server) jetty.get(engine)).getConnectors()[0];
        connector.setHost("127.0.0.1");
        connector.setPort(0);
        engine.start();
        System.out.println("listening " + connector.getLocalPort());
        while (System.in.read() >= 0) {
            // Nothing is ever sent. This waits for the end of the input.
        }
        engine.stop();
        System.exit(0);
    }
}
