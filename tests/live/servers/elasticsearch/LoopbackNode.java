package org.elasticsearch.node;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.plugins.NamedPlugins;
import org.elasticsearch.plugins.PluginsLoader;
import org.elasticsearch.plugins.PluginsService;

/** A single Elasticsearch node that only loopback can reach. Arguments: folder, first port, plugin classes. */
public final class LoopbackNode extends Node {
    private static final String NAME = "loopback";

    private LoopbackNode(Environment environment, List<String> plugins) {
        super(NodeConstruction.prepareConstruction(environment, null, providing(plugins), false));
    }

    public static void main(String[] arguments) throws Exception {
        Path folder = Path.of(arguments[0]).toAbsolutePath();
        int port = Integer.parseInt(arguments[1]);
        Path config = Files.createDirectories(folder.resolve("config"));
        LogConfigurator.setNodeName(NAME);
        LogConfigurator.configureESLogging();
        Environment environment = InternalSettingsPreparer.prepareEnvironment(settings(folder, port), Map.of(), config, () -> NAME);
        LoopbackNode node = new LoopbackNode(environment, Arrays.asList(arguments).subList(2, arguments.length));
        Runtime.getRuntime().addShutdownHook(new Thread(node::closeQuietly));
        node.start();
        Thread.currentThread().join();
    }

    private static Settings settings(Path folder, int port) {
        return Settings.builder()
            .put("cluster.name", NAME)
            .put("node.name", NAME)
            .put("path.home", folder.toString())
            .put("discovery.type", "single-node")
            .put("http.host", "127.0.0.1")
            .put("http.port", port)
            .put("transport.host", "127.0.0.1")
            .put("transport.port", port + 1)
            .put("cluster.routing.allocation.disk.threshold_enabled", false)
            .put("xpack.license.self_generated.type", "basic")
            .build();
    }

    private static NodeServiceProvider providing(List<String> plugins) {
        return new NodeServiceProvider() {
            @Override
            PluginsService newPluginService(Environment environment, PluginsLoader unused) {
                return new NamedPlugins(environment.settings(), environment.configDir(), plugins);
            }
        };
    }

    private void closeQuietly() {
        try {
            close();
        } catch (IOException problem) {
            throw new UncheckedIOException(problem);
        }
    }
}
