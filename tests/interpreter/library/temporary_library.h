// A library in a folder of its own that is gone after the test, and drivers for its environments.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "interpreter/library/environment.h"
#include "interpreter/library/library.h"
#include "tests/support/temporary_folder.h"

namespace perilune {

using test::TemporaryFolder;

// A library "shop" with two runbooks, in which a test writes its environments.
class TemporaryLibrary : public TemporaryFolder {
public:
    TemporaryLibrary() {
        write("perilune.yaml", "name: shop\nversion: 1.2.3\n");
        write("runbooks/region-outage.lua", "return runbook {}\n");
        write("runbooks/db/restore_all.lua", "return runbook {}\n");
    }
};

inline Result<Driver> make_nothing(const Settings&, Services&) { return Driver{}; }

inline constexpr std::array<Setting, 5> route53_settings = {
    {{.name = "zone", .doc = "The hosted zone's id.", .identity = true},
     {.name = "credentials",
      .type = Type::map,
      .doc = "Access key.",
      .need = Need::optional,
      .may_be_secret = true},
     {.name = "ttl",
      .type = Type::duration,
      .doc = "Of new records.",
      .need = Need::optional,
      .fallback = "5m"},
     {.name = "policy",
      .doc = "Routing.",
      .need = Need::optional,
      .choices = "simple|weighted|latency"},
     {.name = "headers",
      .type = Type::map,
      .doc = "Sent along.",
      .need = Need::optional,
      .may_be_secret = true}}};
inline constexpr std::array<Setting, 8> postgres_settings = {
    {{.name = "url", .doc = "Where it is.", .may_be_secret = true},
     {.name = "port", .type = Type::integer, .doc = "Of the server.", .need = Need::optional},
     {.name = "pooled", .type = Type::boolean, .doc = "Behind a pooler.", .need = Need::optional},
     {.name = "disposable", .type = Type::boolean, .doc = "May go.", .need = Need::optional},
     {.name = "cache", .type = Type::size, .doc = "Buffer.", .need = Need::optional},
     {.name = "since", .type = Type::time, .doc = "First use.", .need = Need::optional},
     {.name = "schemas", .type = Type::list, .doc = "To dump.", .need = Need::optional},
     {.name = "backups", .type = Type::target, .doc = "Dumps.", .need = Need::optional}}};
inline constexpr std::array<Setting, 1> pagerduty_settings = {
    {{.name = "routing_key", .type = Type::secret, .doc = "Of the integration."}}};
inline constexpr std::array<Setting, 1> file_settings = {
    {{.name = "folder", .doc = "Where the secrets lie, a file each."}}};

inline const DriverKind route53_kind = {.family = "dns",
                                        .name = "route53",
                                        .doc = "",
                                        .settings = route53_settings,
                                        .operations = {},
                                        .make = make_nothing};
inline const DriverKind postgres_kind = {.family = "database",
                                         .name = "postgres",
                                         .doc = "",
                                         .settings = postgres_settings,
                                         .operations = {},
                                         .make = make_nothing};
inline const DriverKind pagerduty_kind = {.family = "notify",
                                          .name = "pagerduty",
                                          .doc = "",
                                          .settings = pagerduty_settings,
                                          .operations = {},
                                          .make = make_nothing};
inline const DriverKind file_kind = {.family = "secrets",
                                     .name = "file",
                                     .doc = "",
                                     .settings = file_settings,
                                     .operations = {},
                                     .make = make_nothing};

inline KnownDrivers test_drivers() {
    const auto find = [](std::string_view family, std::string_view name) -> const DriverKind* {
        for (const auto* kind : {&route53_kind, &postgres_kind, &pagerduty_kind})
            if (kind->family == family && kind->name == name) return kind;
        return nullptr;
    };
    const auto names = [](std::string_view family) {
        std::vector<std::string> found;
        for (const auto* kind : {&route53_kind, &postgres_kind, &pagerduty_kind})
            if (kind->family == family) found.emplace_back(kind->name);
        return found;
    };
    const auto find_secrets = [](std::string_view provider) {
        return provider == "file" ? &file_kind : nullptr;
    };
    return {.find = find, .names = names, .find_secrets = find_secrets};
}

// Loads `text` as environments/production.yaml of the library.
inline Result<Environment> load_text(const TemporaryLibrary& folder, std::string_view text) {
    folder.write("environments/production.yaml", text);
    const auto library = open_library(folder.path());
    if (!library) return library.error();
    return load_environment(*library, "production", test_drivers());
}

// The message of the refusal, or "accepted".
template <class T>
std::string refusal(const Result<T>& result) {
    return result.ok() ? "accepted" : result.error().message;
}

inline bool holds(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

}  // namespace perilune
