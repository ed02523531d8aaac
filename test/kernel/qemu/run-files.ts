// In a guest: the test files that are named, one after the other, in this process.
for (const file of process.argv.slice(2)) await import(file);
