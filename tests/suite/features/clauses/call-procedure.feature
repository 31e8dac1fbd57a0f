@source:cypher/clauses/call
Feature: CALL - procedures of the application

  Background:
    Given an empty graph
    And there exists a procedure test.city(name :: STRING?, id :: INTEGER?) :: (city :: STRING?, code :: INTEGER?):
      | name     | id | city      | code |
      | 'Stefan' | 1  | 'Berlin'  | 49   |
      | 'Stefan' | 2  | 'München' | 49   |
      | 'Petra'  | 1  | 'London'  | 44   |
    And there exists a procedure test.half(x :: FLOAT?) :: (y :: FLOAT?):
      | x   | y   |
      | 4.0 | 2.0 |
    And there exists a procedure test.log(x :: ANY?) :: ():
      | x |

  Scenario: [1] YIELD and WHERE
    When executing query:
      """
      UNWIND [1, 2] AS id CALL test.city('Stefan', id) YIELD city AS c WHERE c <> 'Berlin' RETURN id, c
      """
    Then the result should be, in any order:
      | id | c         |
      | 2  | 'München' |
    And no side effects

  Scenario: [2] Names are found in any case
    When executing query:
      """
      CALL TEST.City('Petra', 1) YIELD code RETURN code
      """
    Then the result should be, in any order:
      | code |
      | 44   |
    And no side effects

  Scenario: [3] Parameters stand for arguments that are not written
    Given parameters are:
      | name | 'Petra' |
      | id   | 1       |
    When executing query:
      """
      CALL test.city
      """
    Then the result should be, in any order:
      | city     | code |
      | 'London' | 44   |
    And no side effects

  @source:opencypher/call
  Scenario: [4] But not inside a query
    Given parameters are:
      | name | 'Petra' |
      | id   | 1       |
    When executing query:
      """
      CALL test.city YIELD city RETURN city
      """
    Then a SyntaxError should be raised at compile time: InvalidArgumentPassingMode

  @source:opencypher/call
  Scenario: [5] An argument of a wrong type
    When executing query:
      """
      CALL test.city(1, 1)
      """
    Then a SyntaxError should be raised at compile time: InvalidArgumentType

  @source:opencypher/call
  Scenario: [6] A parameter of a wrong type
    Given parameters are:
      | id | 'one' |
    When executing query:
      """
      CALL test.city('Stefan', $id)
      """
    Then a TypeError should be raised at runtime: InvalidArgumentType

  @source:opencypher/call
  Scenario: [7] An integer becomes a float
    When executing query:
      """
      CALL test.half(4)
      """
    Then the result should be, in any order:
      | y   |
      | 2.0 |
    And no side effects

  Scenario: [8] An unknown output
    When executing query:
      """
      CALL test.city('Petra', 1) YIELD country RETURN country
      """
    Then a SyntaxError should be raised at compile time: UndefinedVariable

  @source:cypher/clauses/call
  Scenario: [9] OPTIONAL keeps a row that got none
    When executing query:
      """
      UNWIND ['Petra', 'Ada'] AS name OPTIONAL CALL test.city(name, 1) YIELD city RETURN name, city
      """
    Then the result should be, in any order:
      | name    | city     |
      | 'Petra' | 'London' |
      | 'Ada'   | null     |
    And no side effects

  @source:cypher/clauses/call
  Scenario: [10] WHERE belongs to what OPTIONAL keeps
    When executing query:
      """
      UNWIND [1, 2] AS id OPTIONAL CALL test.city('Stefan', id) YIELD city WHERE city <> 'Berlin' RETURN id, city
      """
    Then the result should be, in any order:
      | id | city      |
      | 1  | null      |
      | 2  | 'München' |
    And no side effects

  Scenario: [11] A procedure without outputs leaves the rows
    When executing query:
      """
      UNWIND [1, 2] AS x CALL test.log(x) RETURN x
      """
    Then the result should be, in any order:
      | x |
      | 1 |
      | 2 |
    And no side effects

  Scenario: [12] Procedures are built in too
    Given having executed:
      """
      CREATE (:A)-[:R]->(:B {k: 1})
      """
    When executing query:
      """
      CALL db.labels() YIELD label RETURN label ORDER BY label
      """
    Then the result should be, in order:
      | label |
      | 'A'   |
      | 'B'   |
    And no side effects

  @source:kgql/procedures
  Scenario: [13] They are shown with their signatures
    When executing query:
      """
      SHOW PROCEDURES WHERE NOT name STARTS WITH 'kg.' AND NOT name CONTAINS 'fulltext'
      """
    Then the result should be, in order:
      | name                   | signature                                                                   |
      | 'db.labels'            | 'db.labels() :: (label :: STRING)'                                          |
      | 'db.propertyKeys'      | 'db.propertyKeys() :: (propertyKey :: STRING)'                              |
      | 'db.relationshipTypes' | 'db.relationshipTypes() :: (relationshipType :: STRING)'                    |
      | 'test.city'            | 'test.city(name :: STRING, id :: INTEGER) :: (city :: STRING, code :: INTEGER)' |
      | 'test.half'            | 'test.half(x :: FLOAT) :: (y :: FLOAT)'                                     |
      | 'test.log'             | 'test.log(x :: ANY) :: ()'                                                  |
    And no side effects
