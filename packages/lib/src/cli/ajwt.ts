#!/usr/bin/env node
/** Runs the command `ajwt`. */
import { main } from 'ajwt-cli-kit/main';
import { AJWT } from './program.ts';

main(AJWT);
