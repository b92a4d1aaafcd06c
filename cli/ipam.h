// catena ipam: the addresses of this node.
#pragma once

#include "cli/options.h"
#include "cli/report.h"
#include "common/base/ip.h"
#include "common/base/result.h"

namespace catena::cli {

base::Result<Report> ipam_list(const Options& options);
// kNotFound where the store has no record of it.
base::Result<Report> ipam_show(const Options& options, const base::IpAddress& address);
// Ends a quarantine, or frees what a pod held that is gone. Refused while the kernel knows the
// address: then somebody uses it.
base::Result<Report> ipam_release(const Options& options, const base::IpAddress& address);
// Store against kernel, metadata service and OpenAPI. Changes nothing.
base::Result<Report> ipam_check(const Options& options);

}  // namespace catena::cli
