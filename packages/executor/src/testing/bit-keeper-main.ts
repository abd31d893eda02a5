/** Plays the scene of the bit keeper in this process, whatever its compiler tier, and prints how it ended. */

import { playBits } from "./bit-keeper.js";

process.stdout.write(JSON.stringify(playBits()));
