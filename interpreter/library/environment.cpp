// Reads the sections of an environment in the order in which they need each other.
#include "interpreter/library/environment.h"

#include "interpreter/library/fields.h"
#include "interpreter/library/overlay.h"
#include "interpreter/library/services.h"
#include "interpreter/library/settings.h"
#include "interpreter/library/targets.h"

namespace perilune {

namespace {

const std::vector<std::string> kinds = {"production", "staging", "drill", "development"};
const std::vector<std::string> sections = {"kind",   "targets",    "credentials", "secrets",
                                           "policy", "parameters", "services",    "starts",
                                           "state",  "extends"};
// Keys whose value, written out, is almost surely a secret.
constexpr std::string_view telling_words[] = {"secret", "password", "token", "private_key",
                                              "api_key"};

struct Reader {
    const Library& library;
    const YamlNode& root;
    const KnownDrivers& drivers;
    Environment& environment;
    Problems problems = Problems();
    SettingsScope scope = {.credentials = {},
                           .credentials_used = {},
                           .targets = {},
                           .services = {},
                           .problems = problems,
                           .warnings = environment.warnings};

    // The section as a map; null where it is absent or no map.
    const YamlNode* section(std::string_view name) {
        const YamlNode* node = root.find(name);
        return node && expect_map(*node, name, problems) ? node : nullptr;
    }

    void read_kind() {
        const YamlNode* node = root.find("kind");
        if (!node)
            return problems.add(root.place,
                                "An environment needs \"kind\". Add one of " + listed(kinds) + ".");
        const auto kind = read_choice(*node, "kind", kinds, problems);
        for (std::size_t i = 0; kind && i < kinds.size(); ++i)
            if (kinds[i] == *kind) environment.kind = static_cast<EnvironmentKind>(i);
    }

    void read_services() {
        const YamlNode* node = section("services");
        if (!node) return;
        const bool started = environment.kind == EnvironmentKind::drill ||
                             environment.kind == EnvironmentKind::development;
        if (!started)
            return problems.add(node->place,
                                "Services are started for a drill or development only, "
                                "but this environment is of kind " +
                                    std::string(to_text(environment.kind)) +
                                    ". Move them to a drill's environment.");
        scope.services.insert("drill");  // The drill itself: its folder.
        for (const auto& entry : node->entries) {
            scope.services.insert(entry.key);
            if (entry.key == "drill")
                problems.add(entry.place,
                             "No service may be named drill: {services.drill.folder} is the "
                             "drill's own folder. Rename it.");
            if (!is_plain_name(entry.key))
                problems.add(entry.place, "The service " + in_quotes(entry.key) +
                                              " may only have "
                                              "lower-case letters, digits, - and _. Rename it.");
        }
        environment.services = read_free_value(*node, "services", Secrets::allowed, scope);
    }

    void read_credential(const std::string& name, const YamlEntry& entry, Value& into) {
        const std::string what = entry.key + " of the credentials " + name;
        if (entry.value.is_map() || entry.value.is_list()) {
            into.set(entry.key, read_free_value(entry.value, what, Secrets::allowed, scope));
            return;
        }
        const Value value = read_text_or_secret(entry.value, what, scope);
        into.set(entry.key, value);
        const bool told = value.is_text() && !holds_service(value.text());
        for (const auto word : telling_words)
            if (told && entry.key.find(word) != std::string::npos)
                environment.warnings.push_back(show(entry.value.place) + ": " + what +
                                               " is written "
                                               "out. Put it into the secrets provider and write "
                                               "\"secret:NAME\".");
    }

    void read_credentials() {
        const YamlNode* node = section("credentials");
        if (!node) return;
        for (const auto& entry : node->entries) {
            if (!expect_map(entry.value, "The credentials " + entry.key, problems)) continue;
            Value read;
            read.as_map();
            for (const auto& inner : entry.value.entries) read_credential(entry.key, inner, read);
            scope.credentials[entry.key] = read;
        }
        environment.credentials = scope.credentials;
    }

    void read_secrets() {
        const YamlNode* node = section("secrets");
        if (!node) return;
        SecretsSettings& secrets = environment.secrets;
        secrets.place = node->place;
        secrets.settings = {.target = "secrets", .values = Value(Map{}), .folder = library.folder};
        const YamlNode* provider = node->find("provider");
        if (!provider)
            return problems.add(node->place,
                                "secrets needs \"provider\". Add it, such as provider: "
                                "file.");
        secrets.provider = read_text(*provider, "secrets.provider", problems).value_or("");
        if (secrets.provider.empty()) return;
        if (!drivers.find_secrets) {
            secrets.settings.values = read_free_value(*node, "secrets", Secrets::refused, scope);
            secrets.settings.values.set("provider", Value());
            return;
        }
        secrets.kind = drivers.find_secrets(secrets.provider);
        if (!secrets.kind)
            return problems.add(provider->place, "secrets.provider is " +
                                                     in_quotes(secrets.provider) +
                                                     ", which is none. Correct the name.");
        secrets.settings.values = read_settings(
            *node, secrets.kind->settings,
            {.name = "secrets", .driver = secrets.provider, .common_keys = {"provider"}}, scope);
    }

    void read_parameters() {
        const YamlNode* node = section("parameters");
        if (!node) return;
        for (const auto& entry : node->entries)
            if (const auto name = known_runbook(entry, "parameters", library, problems)) {
                refuse_services(entry.value, "parameters." + entry.key);
                environment.parameters[*name] =
                    read_parameter_texts(entry.value, "parameters." + entry.key, problems);
            }
    }

    // Parameters are read before a drill has started its services.
    void refuse_services(const YamlNode& node, const std::string& what) {
        for (const auto& entry : node.entries) refuse_services(entry.value, what + "." + entry.key);
        for (const auto& inner : node.list) refuse_services(inner, what);
        if (holds_service(node.text))
            problems.add(node.place, what +
                                         " refers to a service, whose facts are known only once a "
                                         "drill has started it. Give this parameter in the "
                                         "drill's `parameters`, from on.service(NAME).");
    }

    void read_targets_section() {
        const YamlNode* node = section("targets");
        if (!node || node->entries.empty())
            return problems.add(root.place,
                                "An environment needs \"targets\". Add them, such as "
                                "dns/site: { driver: … }.");
        for (const auto& entry : node->entries) scope.targets.insert(entry.key);
        read_targets(*node, library, drivers, scope, environment);
        for (const auto& [name, value] : scope.credentials) {
            if (scope.credentials_used.contains(name)) continue;
            const YamlEntry* entry = root.find("credentials")->entry(name);
            environment.warnings.push_back(show(entry->place) +
                                           ": No target uses the credentials " + name +
                                           ". Remove them, or name them at a target.");
        }
    }

    void read_all() {
        refuse_unknown_keys(root, "An environment", sections, problems);
        read_kind();
        read_services();
        read_credentials();
        read_secrets();
        read_targets_section();
        if (const YamlNode* policy = root.find("policy"))
            environment.policy = read_policy(*policy, library, problems);
        read_parameters();
        if (const YamlNode* state = root.find("state"))
            environment.state = read_text_or_secret(*state, "state", scope);
        if (const YamlNode* starts = root.find("starts"))
            environment.starts = read_starts(*starts, library, scope);
    }
};

}  // namespace

std::string_view to_text(EnvironmentKind kind) { return kinds[static_cast<std::size_t>(kind)]; }

Result<Environment> load_environment(const Library& library, const std::string& name,
                                     const KnownDrivers& drivers) {
    const auto path = find_environment(library, name);
    if (!path) return path.error();
    auto overlaid = read_overlaid(library, *path);
    if (!overlaid) return overlaid.error();
    Environment environment;
    environment.name = name;
    environment.files = overlaid->files;
    environment.warnings = overlaid->warnings;
    Reader reader = {
        .library = library, .root = overlaid->root, .drivers = drivers, .environment = environment};
    reader.read_all();
    if (reader.problems.any()) return reader.problems.error();
    return environment;
}

}  // namespace perilune
