// The parts of a scene that can be set while the world runs too. Keys that are not given leave
// their values.
#pragma once

#include "common/base/fields.h"
#include "sim/scene.h"

namespace catena::sim {

// "delays", "lags", "faults", "limits" below `fields`.
base::Status read_settings(base::Fields& fields, Scene& scene);
// One entry of "instances".
base::Result<SceneInstance> read_instance(base::Fields fields, const Scene& scene);

}  // namespace catena::sim
