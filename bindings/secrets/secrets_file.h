// The two halves of the file_store driver, and the forms its results have.
#pragma once

#include <memory>

#include "bindings/secrets/secret_store.h"
#include "interpreter/base/driver.h"

namespace perilune {

using SecretStorePointer = std::shared_ptr<SecretStore>;

Value info_value(const StoredSecret& secret, double now);                       // SecretInfo
Value version_value(const StoredSecret& secret, const StoredVersion& version);  // SecretVersion

// A handle to a secret of the target; to its current version where `version` is empty.
Value secret_handle(const std::string& name, const std::string& target, const std::string& version);

void add_secret_observes(Driver& driver, Loop& loop, const SecretStorePointer& store);
void add_secret_changes(Driver& driver, Loop& loop, const SecretStorePointer& store);

}  // namespace perilune
