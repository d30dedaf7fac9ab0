#include "CSwiftletPlatform.h"
