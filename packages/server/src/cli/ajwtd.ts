#!/usr/bin/env node
/** Runs the command `ajwtd`. */
import { main } from 'ajwt-cli-kit';
import { AJWTD } from './program.ts';

main(AJWTD);
