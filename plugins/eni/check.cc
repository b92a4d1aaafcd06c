#include "plugins/eni/eni_plugin.h"
namespace catena::eni {
base::Status check(const cni::Request&) { return {}; }
}  // namespace catena::eni
