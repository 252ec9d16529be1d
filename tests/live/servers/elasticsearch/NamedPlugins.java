package org.elasticsearch.plugins;

import java.lang.reflect.Constructor;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.stream.Stream;
import org.elasticsearch.common.settings.Settings;

/** Gives a node plugins that lie on the class path, by class name; a distribution would unpack them into folders. */
public final class NamedPlugins extends PluginsService {
    private final List<LoadedPlugin> named;

    public NamedPlugins(Settings settings, Path config, List<String> classNames) {
        super(settings, config, PluginsLoader.createPluginsLoader(Set.of(), Set.of(), Map.of(), false));
        Map<Class<?>, Object> known = Map.of(Settings.class, settings, Path.class, config);
        named = classNames.stream().map(name -> load(name, known)).toList();
        loadExtensions(named);
    }

    /** Also asked by the constructor above us, before there are any. */
    @Override
    protected List<LoadedPlugin> plugins() {
        return named == null ? List.of() : named;
    }

    /** Providers that can be made without a plugin; the others belong to plugins that were not named. */
    @Override
    public <T> List<? extends T> loadServiceProviders(Class<T> service) {
        Iterator<ServiceLoader.Provider<T>> providers = ServiceLoader.load(service, loader()).stream().iterator();
        Stream.Builder<T> made = Stream.builder();
        while (hasNext(providers)) {
            try {
                made.add(providers.next().get());
            } catch (ServiceConfigurationError needsItsPlugin) {
                continue;
            }
        }
        return made.build().toList();
    }

    private static boolean hasNext(Iterator<?> providers) {
        while (true) {
            try {
                return providers.hasNext();
            } catch (ServiceConfigurationError hasNoPlainConstructor) {
                continue;
            }
        }
    }

    private static LoadedPlugin load(String className, Map<Class<?>, Object> known) {
        try {
            Class<? extends Plugin> type = Class.forName(className, true, loader()).asSubclass(Plugin.class);
            Plugin plugin = type.cast(make(widest(type, known.keySet()), known));
            Map<Class<?>, Object> about = Map.of(String.class, className, List.class, List.of(), boolean.class, false);
            PluginDescriptor descriptor = (PluginDescriptor) make(widest(PluginDescriptor.class, null), about);
            return new LoadedPlugin(descriptor, plugin, loader());
        } catch (ReflectiveOperationException problem) {
            throw new IllegalArgumentException("cannot load plugin " + className, problem);
        }
    }

    /** The public constructor with the most parameters, all of the given types if there are such. */
    private static Constructor<?> widest(Class<?> type, Set<Class<?>> allowed) {
        return Arrays.stream(type.getConstructors())
            .filter(one -> allowed == null || allowed.containsAll(List.of(one.getParameterTypes())))
            .max(Comparator.comparingInt(Constructor::getParameterCount))
            .orElseThrow(() -> new IllegalArgumentException(type + " has no constructor that we can call"));
    }

    /** Arguments are chosen by type alone, which holds across versions; what is not known is null. */
    private static Object make(Constructor<?> constructor, Map<Class<?>, Object> known) throws ReflectiveOperationException {
        return constructor.newInstance(Arrays.stream(constructor.getParameterTypes()).map(known::get).toArray());
    }

    private static ClassLoader loader() {
        return NamedPlugins.class.getClassLoader();
    }
}
