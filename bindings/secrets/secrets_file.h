// The two halves of a driver over a store, and the forms its results have.
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
// `rotate`: a new current version of a secret that is there.
void add_secret_rotation(Driver& driver, Loop& loop, const SecretStorePointer& store);

}  // namespace perilune
