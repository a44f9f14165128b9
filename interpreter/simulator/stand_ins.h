// What {services.NAME.FACT} stands for in a simulated world, in which no service is started.
#pragma once

#include "interpreter/library/environment.h"

namespace perilune {

// Fills what a drill would know of its services into the environment's settings, made up but in the
// form that such facts have: an address, a port, a URL. A setting that takes no such text stays as
// it is written.
void stand_in_for_services(Environment& environment);

}  // namespace perilune
