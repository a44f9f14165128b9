// The services that a drill starts: where each listens, what it is told, and what it tells.
//
// A service is a program services/KIND of the library or of one that it depends on. It is executed
// with one verb and these variables:
//   facts   prints a JSON map of texts, known before it is started: urls, keys, names. Its list
//           `secrets` names those that are secrets: no journal and no page has them
//   run     becomes the server, in the foreground
//   ready   ends with 0 once the server serves
//   clean   removes what it has made outside of its own folder; the server has ended
//   SERVICE_LIBRARY (the library's folder), SERVICE_NAME, SERVICE_ADDRESS, SERVICE_PORT,
//   SERVICE_FOLDER (its own, made),
//   SERVICE_SETTINGS (its entry in the environment, as JSON), SERVICE_FACTS (a JSON file:
//   those of all services by name; while its own are asked for, of those before it),
//   PERILUNE_SPECS and PERILUNE_PYTHON as the command itself has them
// Each has an address of its own in 127.0.0.0/8, and all have the same port: so what a name server
// says decides which of two web servers is asked, as it does in the world. {services.drill.folder}
// and {services.drill.port} are the drill's own.
#pragma once

#include <string>

#include "interpreter/library/environment.h"

namespace perilune {

struct ServiceLayout {
    Value services;  // As fill_environment wants it.
    int port = 0;
};

// `folder` is the drill's own, where its services may write. Blocking: executes each service's
// `facts`. Nothing is started.
Result<ServiceLayout> lay_out_services(const Library& library, const Environment& environment,
                                       const std::string& folder);

// The services in an order in which each comes after those that its settings name. Fails with
// `bad_services` where they need each other.
Result<std::vector<std::string>> service_order(const Value& services);

}  // namespace perilune
