// What the pages of booking do better with scripts than without; each piece looks for its own element and leaves other pages alone.

import { focusMistakes } from "./mistakes.js";
import { followHold } from "./hold.js";
import { filterServices } from "./filter.js";
import { offerNearMe } from "./near.js";
import { offerPrint } from "./print.js";

focusMistakes();
followHold();
filterServices();
offerNearMe();
offerPrint();
