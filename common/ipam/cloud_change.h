// The decisions of Store::change and Store::cloud.
#pragma once

#include "common/ipam/cloud.h"
#include "common/ipam/transaction.h"

namespace catena::ipam {

// kInternal for a name no store could keep.
base::Status check(const CloudChange& change);
base::Status change_cloud(Update& update, const CloudChange& change);
base::Result<CloudRecords> cloud_records(Update& update);

}  // namespace catena::ipam
